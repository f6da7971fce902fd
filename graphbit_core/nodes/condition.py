"""Condition: a Python function or an expression chooses which edges go on."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from graphbit_core.contracts import API_VERSION
from graphbit_core.contracts.node_type import Choice, NodeContext, NodeType
from graphbit_core.errors import ValidationError
from graphbit_core.workflow.expressions import BoundExpression, is_quick
from graphbit_core.workflow.functions import BoundFunction


class ConditionNode(NodeType):
    """``function`` returns the label (or target's id) of an edge, or a list of them; an empty list ends
    the path here. What the node got passes on along the chosen edges.

    An ``expression`` may give labels as well; of any other value it chooses ``true`` or ``false``.
    """

    graphbit_api: ClassVar[tuple[int, int]] = API_VERSION

    def __init__(
        self,
        *,
        function: Callable[..., Any] | str | None = None,
        expression: str | None = None,
        inline: bool = False,
    ) -> None:
        if (function is None) == (expression is None):
            raise ValidationError("a condition needs either a function or an expression", field="function")
        self._function: BoundFunction | BoundExpression
        if function is not None:
            self._function = BoundFunction(function)
        else:
            self._function = BoundExpression(expression or "")
        self._setting = "function" if expression is None else "expression"
        self.inline = inline or is_quick(self._function)

    def placeholders(self, first: bool) -> Sequence[str]:
        """Parameters of the function, or names in the expression."""
        return self._function.placeholders(first)

    def run(self, context: NodeContext) -> Any:
        """A Choice, or an awaitable of one."""
        chosen = self._function(context)
        return self._later(chosen, context) if inspect.isawaitable(chosen) else self._choice(chosen, context)

    async def _later(self, chosen: Any, context: NodeContext) -> Choice:
        return self._choice(await chosen, context)

    def _choice(self, chosen: Any, context: NodeContext) -> Choice:
        if self._setting == "expression" and isinstance(chosen, bool | int | float | Mapping | None):
            chosen = "true" if chosen else "false"
        targets = [chosen] if isinstance(chosen, str) else chosen
        if not isinstance(targets, list | tuple) or not all(isinstance(t, str) for t in targets):
            raise ValidationError(
                f"the condition gave {type(chosen).__name__} {chosen!r:.80}; it must give the label "
                "of an edge, the id of a target, or a list of those",
                field=self._setting,
            )
        return Choice(targets, self._function.value(context))
