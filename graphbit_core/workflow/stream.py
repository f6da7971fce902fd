"""The events of a run as an iterator, sync or async."""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import suppress
from typing import Any

from graphbit_core.errors import WorkflowError
from graphbit_core.workflow.result import Event, WorkflowResult

Start = Callable[[Callable[[Event], None]], Coroutine[Any, Any, WorkflowResult]]
_END = object()


class RunStream:
    """Iterate it once, with ``for`` or ``async for``; then read ``result``."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self._result: WorkflowResult | None = None

    @property
    def result(self) -> WorkflowResult:
        """The result of the run.

        Raises:
            WorkflowError: The events have not all been read.
        """
        if self._result is None:
            raise WorkflowError("the run has not ended; read all its events first")
        return self._result

    async def __aiter__(self) -> AsyncIterator[Event]:
        events: asyncio.Queue[Any] = asyncio.Queue()
        task = asyncio.ensure_future(self._start(events.put_nowait))
        task.add_done_callback(lambda _: events.put_nowait(_END))
        try:
            while (event := await events.get()) is not _END:
                yield event
            self._result = task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait([task])

    def __iter__(self) -> Iterator[Event]:
        events: queue.SimpleQueue[Any] = queue.SimpleQueue()
        runner = _RunnerThread(self._start(events.put), lambda: events.put(_END))
        try:
            while (event := _get(events)) is not _END:
                yield event
        finally:
            runner.stop()
        self._result = runner.result()


def _get(events: queue.SimpleQueue[Any]) -> Any:
    """The next event; wakes now and then, so that Ctrl-C is seen on every platform."""
    while True:
        try:
            return events.get(timeout=0.1)
        except queue.Empty:
            continue


class _RunnerThread:
    """Runs a coroutine on a private loop in a thread, with the caller's context variables."""

    def __init__(self, run: Coroutine[Any, Any, WorkflowResult], ended: Callable[[], None]) -> None:
        self._run = run
        self._ended = ended
        self._outcome: WorkflowResult | BaseException | None = None
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[WorkflowResult] | None = None
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=self._work, args=(context,), name="graphbit-run", daemon=True)
        self._thread.start()

    def _work(self, context: contextvars.Context) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                self._outcome = runner.run(self._main(), context=context)
        except BaseException as error:  # noqa: BLE001 - raised again in the reading thread
            self._outcome = error
        finally:
            self._ended()

    async def _main(self) -> WorkflowResult:
        self._task = asyncio.current_task()
        return await self._run

    def stop(self) -> None:
        """Cancels the run if it still goes on, and waits for its end."""
        if self._thread.is_alive():
            # A loop that closed between the check and the call means that the run has ended.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(lambda: self._task and self._task.cancel())
            self._thread.join()

    def result(self) -> WorkflowResult:
        """The result, or what the run raised."""
        if isinstance(self._outcome, BaseException):
            raise self._outcome
        assert self._outcome is not None
        return self._outcome
