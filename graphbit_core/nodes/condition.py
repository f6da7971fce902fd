"""Condition: a Python function or an expression chooses which edges go on."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from graphbit_core.contracts import API_VERSION
from graphbit_core.contracts.node_type import Choice, NodeContext, NodeType
from graphbit_core.errors import ValidationError
from graphbit_core.nodes.settings import require_one_of
from graphbit_core.workflow.calculation import calculation


class ConditionNode(NodeType):
    """``function`` or ``expression`` gives the label (or target's id) of an edge, or a list of them; an empty
    list ends the path here. True and False choose the labels ``true`` and ``false``, as any other value of an
    expression does. What the node got passes on along the chosen edges.
    """

    graphbit_api: ClassVar[tuple[int, int]] = API_VERSION

    def __init__(
        self,
        *,
        function: Callable[..., Any] | str | None = None,
        expression: str | None = None,
        inline: bool = False,
        isolation: str | None = None,
        memory_mb: int | None = None,
    ) -> None:
        require_one_of(function=function, expression=expression)
        self._decide = calculation(function, expression, isolation, memory_mb)
        self._by_expression = expression is not None
        self.inline = inline or self._decide.is_quick

    def placeholders(self, first: bool) -> Sequence[str]:
        """Parameters of the function, or names in the expression."""
        return self._decide.placeholders(first)

    def input_type(self, port: str | None) -> Any:
        """What the function takes."""
        return self._decide.input_type(port)

    def run(self, context: NodeContext) -> Any:
        """A Choice, or an awaitable of one."""
        chosen = self._decide(context)
        return self._later(chosen, context) if inspect.isawaitable(chosen) else self._choice(chosen, context)

    async def _later(self, chosen: Any, context: NodeContext) -> Choice:
        return self._choice(await chosen, context)

    def _choice(self, chosen: Any, context: NodeContext) -> Choice:
        if isinstance(chosen, bool) or (self._by_expression and not isinstance(chosen, str | list)):
            chosen = "true" if chosen else "false"
        targets = [chosen] if isinstance(chosen, str) else chosen
        if not isinstance(targets, list | tuple) or not all(isinstance(t, str) for t in targets):
            raise ValidationError(
                f"the condition returned {type(chosen).__name__} {chosen!r:.80}; it must return the label "
                "of an edge, the id of a target, a list of those, or True or False for those labels",
                field="expression" if self._by_expression else "function",
            )
        return Choice(targets, self._decide.received(context))
