"""Join: what several nodes gave, as one value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from graphbit_core.contracts import API_VERSION
from graphbit_core.contracts.node_type import NodeContext, NodeType
from graphbit_core.errors import OutputNotProducedError, ValidationError
from graphbit_core.nearest import nearest
from graphbit_core.nodes.settings import require_text
from graphbit_core.workflow.template import joined_text

MAX_NESTING = 64
"""How deep mappings may lie in each other where both sides of a merge have them."""


class JoinNode(NodeType):
    """Combines the outputs of the live predecessors, in the order of the edges.

    ``mode`` is ``mapping`` (by node name), ``list``, ``concat`` (their texts, with ``separator`` between),
    ``first``, or ``merge``: mappings become one, also those inside them, and where two differ otherwise the
    later edge wins.
    """

    graphbit_api: ClassVar[tuple[int, int]] = API_VERSION
    inline = True

    def __init__(self, *, mode: str = "mapping", separator: str | None = None) -> None:
        require_text("separator", separator)
        if not isinstance(mode, str) or mode not in _MODES:
            hint = nearest(mode, _MODES) if isinstance(mode, str) else ""
            raise ValidationError(
                f"mode is {mode!r:.80}; it is one of {', '.join(_MODES)}{hint}", field="mode"
            )
        if separator is not None and mode != "concat":
            raise ValidationError("separator stands between texts; set mode to concat", field="separator")
        self._combine = _MODES[mode]
        self._separator = "\n\n" if separator is None else separator

    def labels(self) -> Sequence[str]:
        """It never chooses."""
        return ()

    def run(self, context: NodeContext) -> Any:
        """The combined value."""
        return self._combine(self, context)

    def _mapping(self, context: NodeContext) -> dict[str, Any]:
        return dict(context.parents)

    def _list(self, context: NodeContext) -> list[Any]:
        return list(context.parents.values())

    def _concat(self, context: NodeContext) -> str:
        return joined_text(context.parents, self._separator)

    def _first(self, context: NodeContext) -> Any:
        for value in context.parents.values():
            return value
        raise OutputNotProducedError(
            "no node before the join gave an output", run_id=context.run_id, node=context.node_id
        )

    def _merge(self, context: NodeContext) -> dict[Any, Any]:
        merged: dict[Any, Any] = {}
        for name, value in context.parents.items():
            if not isinstance(value, Mapping):
                raise ValidationError(
                    f"node {name!r} gave a {type(value).__name__}, and only mappings can be merged; "
                    "use mode list or mapping",
                    field="mode",
                )
            merged = _merged(merged, value, 0)
        return merged


_MODES: dict[str, Callable[[JoinNode, NodeContext], Any]] = {
    "mapping": JoinNode._mapping,
    "list": JoinNode._list,
    "concat": JoinNode._concat,
    "first": JoinNode._first,
    "merge": JoinNode._merge,
}


def _merged(earlier: Mapping[Any, Any], later: Mapping[Any, Any], depth: int) -> dict[Any, Any]:
    if depth > MAX_NESTING:
        raise ValidationError(f"mappings nested more than {MAX_NESTING} deep cannot be merged", field="mode")
    merged = dict(earlier)
    for key, value in later.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merged(merged[key], value, depth + 1) if both else value
    return merged
