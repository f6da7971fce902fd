"""Condition: a Python function chooses which edges go on."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from graphbit_core.contracts import API_VERSION
from graphbit_core.contracts.node_type import Choice, NodeContext, NodeType
from graphbit_core.errors import ValidationError
from graphbit_core.workflow.isolated import bound_function


class ConditionNode(NodeType):
    """``function`` returns the label (or target's id) of an edge, or a list of them; an empty list ends
    the path here. What the node got passes on along the chosen edges.
    """

    graphbit_api: ClassVar[tuple[int, int]] = API_VERSION

    def __init__(
        self,
        *,
        function: Callable[..., Any] | str,
        inline: bool = False,
        isolation: str | None = None,
        memory_mb: int | None = None,
    ) -> None:
        self._function = bound_function(function, isolation, memory_mb)
        self.inline = inline or self._function.is_coroutine

    def placeholders(self, first: bool) -> Sequence[str]:
        """Parameters of the function."""
        return self._function.placeholders(first)

    def run(self, context: NodeContext) -> Any:
        """A Choice, or an awaitable of one."""
        chosen = self._function(context)
        return self._later(chosen, context) if inspect.isawaitable(chosen) else self._choice(chosen, context)

    async def _later(self, chosen: Any, context: NodeContext) -> Choice:
        return self._choice(await chosen, context)

    def _choice(self, chosen: Any, context: NodeContext) -> Choice:
        targets = [chosen] if isinstance(chosen, str) else chosen
        if not isinstance(targets, list | tuple) or not all(isinstance(t, str) for t in targets):
            raise ValidationError(
                f"the condition returned {type(chosen).__name__} {chosen!r:.80}; it must return the label "
                "of an edge, the id of a target, or a list of those",
                field="function",
            )
        return Choice(targets, self._function.value(context))
