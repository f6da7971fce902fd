"""Tells whoever listens what happens in a run: the kernel's events and those of bodies, in one sequence."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from graphbit_core.types.events import Event

if TYPE_CHECKING:
    import asyncio

    from graphbit_core.kernel import Run
    from graphbit_core.workflow.activation import Activation
    from graphbit_core.workflow.publishing import Publisher
    from graphbit_core.workflow.state import RunState


class Telling:
    """The events of one run. Used on the thread of the run's loop; only ``emit`` may be called anywhere."""

    def __init__(self, run: Run, state: RunState, publisher: Publisher) -> None:
        self._run = run
        self._run_id = state.run_id
        self._publish, self._wants = publisher.publish, publisher.wants
        self._clock = state.clock
        self._over = False

    def begin(self, loop: asyncio.AbstractEventLoop, started: float) -> None:
        """Says on which loop the run goes on, and when it started, as the clock counts."""
        self._loop = loop
        self._thread = threading.get_ident()
        self._epoch = self._clock.wall() - started

    def end(self) -> None:
        """Tells the last events; what bodies emit afterwards is lost."""
        self._over = True
        self.catch_up()

    def emit(self, type: str, activation: Activation, data: Mapping[str, Any]) -> None:  # noqa: A002
        """Adds an event of a body. After the run it does nothing."""
        if self._over:
            return
        if threading.get_ident() != self._thread:
            with suppress(RuntimeError):  # the run has ended just now, and its loop with it
                self._loop.call_soon_threadsafe(self.emit, type, activation, data)
            return
        self.tell(type, activation.path, activation.attempt, data)

    def tell(self, type: str, path: str | None, attempt: int, data: Mapping[str, Any]) -> None:  # noqa: A002
        """Adds an event behind those that the kernel has already."""
        self.catch_up()
        self._send(self._run.take_seq(), self._clock.monotonic(), type, path, attempt, data)

    def catch_up(self) -> None:
        """Tells what the kernel has noted since the last call."""
        for seq, now, type_, _, path, attempt, data in self._run.events():
            self._send(seq, now, type_, path, attempt, data)

    def _send(
        self, seq: int, now: float, type_: str, path: str | None, attempt: int, data: Mapping[str, Any]
    ) -> None:
        if self._wants is not None and not self._wants(type_):
            return
        run_id = self._run_id
        node = None if path is None else path.rpartition("/")[2]
        activation = None if path is None else f"{run_id}/{path}"
        event = Event(
            run_id, seq, self._epoch + now, type_, node, activation, data, attempt=attempt, trace_id=run_id
        )
        self._publish(event)
