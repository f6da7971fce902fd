"""Split: what came in, as a list or a mapping whose parts edges pick."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from graphbit_core.contracts import API_VERSION
from graphbit_core.contracts.node_type import NodeContext, NodeType
from graphbit_core.errors import ValidationError
from graphbit_core.nodes.settings import require_text
from graphbit_core.workflow.calculation import bind


class SplitNode(NodeType):
    """Gives the list or mapping that ``by``, a function or an expression, makes of what came in; without
    ``by`` what came in itself. A text is cut at each ``separator``.
    """

    graphbit_api: ClassVar[tuple[int, int]] = API_VERSION

    def __init__(self, *, by: Callable[..., Any] | str | None = None, separator: str | None = None) -> None:
        require_text("separator", separator)
        if separator == "":
            raise ValidationError("separator is empty; give the text that parts it", field="separator")
        self._by = bind("value" if by is None else by, "by")
        self._separator = separator
        self.inline = self._by.is_quick

    def placeholders(self, first: bool) -> Sequence[str]:
        """Parameters of the function, or names in the expression."""
        return self._by.placeholders(first)

    def run(self, context: NodeContext) -> Any:
        """The list or mapping, or an awaitable of it."""
        whole = self._by(context)
        return self._later(whole) if inspect.isawaitable(whole) else self._parts(whole)

    async def _later(self, whole: Any) -> list[Any] | Mapping[Any, Any]:
        return self._parts(await whole)

    def _parts(self, whole: Any) -> list[Any] | Mapping[Any, Any]:
        if isinstance(whole, str) and self._separator is not None:
            return list(whole.split(self._separator))
        if isinstance(whole, Mapping):
            return whole
        if isinstance(whole, list | tuple):
            return list(whole)
        fix = "set separator" if isinstance(whole, str) else "set by to what makes a list or a mapping of it"
        raise ValidationError(f"a {type(whole).__name__} has no parts to split; {fix}", field="by")
