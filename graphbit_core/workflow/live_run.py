"""A run that goes on behind its readers: the first one starts it, the last one that leaves cancels it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from graphbit_core.errors import WorkflowError
from graphbit_core.types.subscriptions import Take
from graphbit_core.workflow.event_log import Cursor, EventLog
from graphbit_core.workflow.loops import LoopThread
from graphbit_core.workflow.result import WorkflowResult

Start = Callable[[Take], Coroutine[Any, Any, WorkflowResult]]


class LiveRun:
    """One run and its log.

    Args:
        start: Makes the coroutine of the run, which publishes to what it is given.
        detach: Whether it goes on without readers.
        keep: How many events that were read are kept; None: all.
    """

    def __init__(self, start: Start, *, detach: bool, keep: int | None) -> None:
        self.log = EventLog(keep)
        self._start = start
        self._detach = detach
        self._lock = threading.Lock()
        self._runner: LoopThread[WorkflowResult] | asyncio.Task[WorkflowResult] | None = None

    @property
    def state(self) -> str:
        """``not started``, ``going on`` or ``ended``."""
        return "ended" if self.log.closed else "going on" if self._runner is not None else "not started"

    def start_on_a_thread(self) -> None:
        """Starts it on a loop of its own, unless it was started."""
        with self._lock:
            if self._runner is None:
                self._runner = LoopThread(self._start(self.log.append), self.log.close)

    def start_here(self) -> None:
        """Starts it on the running loop, unless it was started."""
        with self._lock:
            if self._runner is None:
                self._runner = asyncio.get_running_loop().create_task(self._start(self.log.append))
                self._runner.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[WorkflowResult]) -> None:
        if not task.cancelled():
            task.exception()  # asked for, so that asyncio does not complain if nobody reads to the end
        self.log.close()

    def check_progress(self, *, blocking: bool) -> None:
        """For a reader that waits.

        Raises:
            WorkflowError: Waiting is in vain, or would block the very loop that the run needs.
        """
        if not isinstance(self._runner, asyncio.Task) or self.log.closed:
            return
        loop = self._runner.get_loop()
        if loop.is_closed():
            raise WorkflowError("the event loop of the run was closed before the run had ended")
        if blocking and asyncio._get_running_loop() is loop:
            raise WorkflowError("the run goes on on the event loop of this thread; read it with `async for`")

    def cancel(self) -> None:
        """Asks it to end, from any thread."""
        runner = self._runner
        if isinstance(runner, LoopThread):
            runner.cancel()
        elif runner is not None:
            with suppress(RuntimeError):  # its loop was closed
                runner.get_loop().call_soon_threadsafe(runner.cancel)

    def leave(self, cursor: Cursor) -> None:
        """A reader has ended or left early; if that cancels a run on a thread, it waits for its end."""
        last = self.log.leave(cursor)
        if not self.log.closed and not (last and not self._detach):
            return
        if isinstance(self._runner, LoopThread):
            self._runner.stop()
        else:
            self.cancel()

    async def leave_async(self, cursor: Cursor) -> None:
        """As ``leave``, of a run on this loop."""
        last = self.log.leave(cursor)
        if self.log.closed or not last or self._detach:
            return
        runner = self._runner
        if isinstance(runner, asyncio.Task) and runner.get_loop() is asyncio.get_running_loop():
            runner.cancel()  # once: a second time would cut compensations short
            await asyncio.wait([runner])
        else:
            self.cancel()

    def result(self) -> WorkflowResult:
        """What the run gave, or raised.

        Raises:
            WorkflowError: It has not ended, or was cancelled from outside.
        """
        if self._runner is None or not self.log.closed:
            raise WorkflowError("the run has not ended; read all its events first")
        try:
            return self._runner.result()
        except asyncio.CancelledError:
            raise WorkflowError("the run was cancelled before its end, so it has no result") from None
