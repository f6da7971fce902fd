"""The events of a run as an iterator, sync or async."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any

from graphbit_core.errors import WorkflowError
from graphbit_core.types.events import Event
from graphbit_core.workflow.loops import LoopThread
from graphbit_core.workflow.result import WorkflowResult

Start = Callable[[Callable[[Event], None]], Coroutine[Any, Any, WorkflowResult]]
_END = object()


class RunStream:
    """Iterate it once, with ``for`` or ``async for``; then read ``result``."""

    def __init__(self, start: Start) -> None:
        self._start: Start | None = start
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
        task = asyncio.ensure_future(self._begin(events.put_nowait))
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
        runner = LoopThread(self._begin(events.put), lambda: events.put(_END))
        try:
            while (event := _get(events)) is not _END:
                yield event
        finally:
            runner.stop()
        self._result = runner.result()

    def _begin(self, publish: Callable[[Event], None]) -> Coroutine[Any, Any, WorkflowResult]:
        start, self._start = self._start, None
        if start is None:
            raise WorkflowError("this stream was iterated before; call Executor.stream() for another run")
        return start(publish)


def _get(events: queue.SimpleQueue[Any]) -> Any:
    """The next event; wakes now and then, so that Ctrl-C is seen on every platform."""
    while True:
        try:
            return events.get(timeout=0.1)
        except queue.Empty:
            continue
