"""What counts the seconds: the machine's clocks, unless the event loop brings its own.

A test may run a workflow on an event loop whose time it moves (``graphbit_core.testing.FakeClock``). Such a
loop has the attribute ``graphbit_clock``; whoever compares times on a loop asks the clock of that loop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any


class Clock:
    """The machine's clocks."""

    __slots__ = ()
    monotonic: Callable[[], float] = staticmethod(time.monotonic)
    """Seconds that never go back, on the scale of deadlines."""
    wall: Callable[[], float] = staticmethod(time.time)
    """Seconds since 1970."""

    def began(self, work: Any) -> None:
        """Work for this clock's loop begins elsewhere, on a thread. A clock that jumps must not meanwhile."""

    def ended(self, work: Any) -> None:
        """It has ended, and the loop was told."""


MACHINE = Clock()


def clock() -> Clock:
    """The clock of the running event loop; the machine's where none runs."""
    here: Clock = getattr(asyncio._get_running_loop(), "graphbit_clock", MACHINE)
    return here


def now() -> float:
    """Seconds on the clock of the running event loop, or of the machine where none runs."""
    return clock().monotonic()
