"""Delay: waits in the kernel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Never

from graphbit_core.contracts import API_VERSION
from graphbit_core.contracts.node_type import Delay, NodeContext
from graphbit_core.errors import InternalError, ValidationError


class DelayNode:
    """Waits ``seconds`` (0 to 30 days) and passes on what it got; holds no thread meanwhile."""

    graphbit_api: ClassVar[tuple[int, int]] = API_VERSION
    inline: ClassVar[bool] = True

    def __init__(self, *, seconds: float) -> None:
        longest = 30 * 24 * 3600
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or math.isnan(seconds):
            raise ValidationError(f"seconds is {seconds!r}; give a number", field="seconds")
        if not 0 <= seconds <= longest:
            raise ValidationError(f"seconds is {seconds}; it must be 0 to {longest}", field="seconds")
        self._seconds = float(seconds)

    def placeholders(self, first: bool) -> Sequence[str]:
        """None."""
        return ()

    def operation(self) -> Delay:
        """The kernel's timer."""
        return Delay(self._seconds)

    def run(self, context: NodeContext) -> Never:
        """Never called: the kernel does the waiting."""
        raise InternalError(f"the kernel handed the delay node {context.node_id!r} to Python")

    def __repr__(self) -> Any:
        return f"DelayNode(seconds={self._seconds})"
