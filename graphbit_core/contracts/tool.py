"""Tools: functions a model may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, runtime_checkable

from graphbit_core.types.messages import ToolSpec


@runtime_checkable
class Tool(Protocol):
    """What the ``@tool`` decorator makes."""

    graphbit_api: ClassVar[tuple[int, int]]
    spec: ToolSpec

    def call(self, arguments: Mapping[str, Any]) -> Any:
        """Runs it with arguments that were checked against ``spec.parameters``; may return an awaitable."""
        ...
