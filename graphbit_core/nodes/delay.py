"""Delay: waits in the kernel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Never

from graphbit_core.contracts import API_VERSION
from graphbit_core.contracts.node_type import Delay, NodeContext, NodeType
from graphbit_core.errors import InternalError
from graphbit_core.nodes.settings import require_number


class DelayNode(NodeType):
    """Waits ``seconds`` (0 to 30 days) and passes on what it got; holds no thread meanwhile."""

    graphbit_api: ClassVar[tuple[int, int]] = API_VERSION

    def __init__(self, *, seconds: float) -> None:
        require_number("seconds", seconds, 0, 30 * 24 * 3600)
        self._seconds = float(seconds)

    def operation(self) -> Delay:
        """The kernel's timer."""
        return Delay(self._seconds)

    def labels(self) -> Sequence[str]:
        """It never chooses."""
        return ()

    def run(self, context: NodeContext) -> Never:
        """Never called: the kernel does the waiting."""
        raise InternalError(f"the kernel handed the delay node {context.node_id!r} to Python")

    def __repr__(self) -> str:
        return f"DelayNode(seconds={self._seconds})"
