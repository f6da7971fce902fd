"""One expression, parsed once and evaluated any number of times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphbit_core.errors import ValidationError
from graphbit_core.workflow.expressions.fault import Fault, marked
from graphbit_core.workflow.expressions.parser import MAX_LENGTH, Parser
from graphbit_core.workflow.expressions.tree import Evaluation


class Expression:
    """A safe expression. It never changes, and several threads may evaluate it at once.

    Args:
        text: The expression; see ``graphbit_core.workflow.expressions`` for what it may say.

    Raises:
        ValidationError: It cannot be read; the message shows where, and what to write instead.
    """

    __slots__ = ("_names", "_text", "_tree")

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise ValidationError(f"the expression is {text!r:.80}; give text, in quotes", field="expression")
        if not text.strip():
            raise ValidationError(
                "the expression is empty; write one such as 'value.score > 5'", field="expression"
            )
        if len(text) > MAX_LENGTH:
            raise ValidationError(
                f"the expression is {len(text)} characters long; at most {MAX_LENGTH} are taken, "
                "use a function instead",
                field="expression",
            )
        self._text = text
        try:
            parser = Parser(text)
            self._tree = parser.parse()
        except Fault as fault:
            raise self._error("cannot be read", fault, 0) from None
        self._names = tuple(parser.names)

    @property
    def text(self) -> str:
        """The expression as it was written."""
        return self._text

    @property
    def names(self) -> tuple[str, ...]:
        """The names that it needs, as a template's placeholders: ``draft``, ``draft.score``. Those that
        ``default`` makes up for are not among them.
        """
        return self._names

    def evaluate(self, resolve: Callable[[str], Any]) -> Any:
        """The value.

        Args:
            resolve: Gives the value of a name without dots; raises KeyError if there is none. Any other
                error it raises comes through.

        Raises:
            ValidationError: Values do not fit the operations, or a name or part is not there; the
                message says which.
            ResourceExhaustedError: It takes too many steps, or a text is too long.
        """
        run = Evaluation(resolve)
        try:
            return self._tree.evaluate(run)
        except Fault as fault:
            raise self._error("has no value", fault, run.at) from None

    def _error(self, what: str, fault: Fault, at: int) -> ValidationError:
        at = fault.at if fault.at is not None else at
        return ValidationError(
            f"the expression {what}: {fault.message}\n{marked(self._text, at)}", field="expression"
        )

    def __repr__(self) -> str:
        return f"Expression({self._text!r})"
