"""What a tool may know of the call it serves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from graphbit_core.clock import Clock, clock
from graphbit_core.errors import ConfigError
from graphbit_core.types.messages import ToolCall, Usage


def _no_service(name: str) -> Any:
    raise ConfigError(f"there is no service {name!r}: the tool was not called by a workflow", setting=name)


@dataclass(frozen=True, slots=True)
class ToolContext:
    """The call that a tool serves. A function has it by a parameter with this type, which no model sees.

    Attributes:
        call: What was asked for.
        deadline: When it must be over, as ``time.monotonic`` counts (unless a test moves the time: ask
            ``remaining()``); None: no limit.
        run_id: Id of the run, empty outside of one.
        node_id: Id of the node that calls.
        depth: How many calls of tools lie around this one.
        service: Gives what the executor was given for its bodies, by name.
        add_usage: Counts tokens for the node.
    """

    call: ToolCall = ToolCall("", "", "{}")
    deadline: float | None = None
    run_id: str = ""
    node_id: str = ""
    depth: int = 0
    service: Callable[[str], Any] = field(default=_no_service, repr=False)
    add_usage: Callable[[Usage], None] = field(default=lambda usage: None, repr=False)
    _clock: Clock = field(default_factory=clock, repr=False, compare=False)
    _stop: Event = field(default_factory=Event, repr=False, compare=False)

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for the result any more. A plain function cannot be interrupted: one that
        takes long asks this from time to time.
        """
        return self._stop.is_set() or (self.deadline is not None and self._clock.monotonic() >= self.deadline)

    def remaining(self) -> float | None:
        """Seconds until the deadline, at least 0; None without one."""
        return None if self.deadline is None else max(0.0, self.deadline - self._clock.monotonic())

    def stop(self) -> None:
        """Says that nobody waits any more."""
        self._stop.set()


_current: ContextVar[ToolContext | None] = ContextVar("graphbit_tool_context", default=None)


def current_tool_context() -> ToolContext | None:
    """The call around this code; None outside of a tool."""
    return _current.get()


@contextmanager
def serving(context: ToolContext) -> Iterator[None]:
    """Makes ``context`` the one of this code and of what it starts."""
    token = _current.set(context)
    try:
        yield
    finally:
        _current.reset(token)
