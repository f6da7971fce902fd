"""Readers of a run's events, for ``for`` and for ``async for``."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

from graphbit_core.types.events import Event
from graphbit_core.types.subscriptions import Wanted
from graphbit_core.workflow.live_run import LiveRun

_POLL = 0.1
"""After so many seconds a reader that waits looks whether the run can go on; then it also sees Ctrl-C."""


class EventReader:
    """Reads the events of a run, with ``for`` or ``async for``; each loop begins at the first one wanted."""

    def __init__(self, run: LiveRun, from_seq: int, wanted: Wanted, *, join: bool = True) -> None:
        self._run = run
        self._from = from_seq
        self._wanted = wanted
        self._join = join

    def __iter__(self) -> Iterator[Event]:
        run, wanted = self._run, self._wanted
        signal: queue.SimpleQueue[None] = queue.SimpleQueue()
        cursor = run.log.open(self._from, lambda: signal.put(None), join=self._join)
        try:
            run.start_on_a_thread()
            while True:
                event = cursor.next()
                if event is None:
                    if cursor.done:
                        break
                    run.check_progress(blocking=True)
                    with suppress(queue.Empty):
                        signal.get(timeout=_POLL)
                elif wanted(event.type):
                    yield event
        finally:
            run.leave(cursor)
        run.result()

    async def __aiter__(self) -> AsyncIterator[Event]:
        run, wanted = self._run, self._wanted
        signal = _Signal()
        cursor = run.log.open(self._from, signal.give, join=self._join)
        try:
            run.start_here()
            while True:
                event = cursor.next()
                if event is None:
                    if cursor.done:
                        break
                    run.check_progress(blocking=False)
                    await signal.wait()
                elif wanted(event.type):
                    yield event
        finally:
            await run.leave_async(cursor)
        run.result()


class _Signal:
    """Wakes a coroutine, from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._waiter: asyncio.Future[None] | None = None
        self._given = False

    def give(self) -> None:
        if threading.get_ident() == self._thread:
            self._set()
        else:
            with suppress(RuntimeError):  # the reader's loop was closed
                self._loop.call_soon_threadsafe(self._set)

    def _set(self) -> None:
        self._given = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def wait(self) -> None:
        """Until the signal was given, or for a moment: the loop of the run may have been closed."""
        if not self._given:
            self._waiter = self._loop.create_future()
            timer = self._loop.call_later(_POLL, self._set)
            try:
                await self._waiter
            finally:
                timer.cancel()
                self._waiter = None
        self._given = False
