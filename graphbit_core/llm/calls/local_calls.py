"""Calls of a model in this process: inline for blocking callers, on a worker thread for event loops."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Generator, Sequence
from typing import Any, Generic, TypeVar

from graphbit_core.clock import now
from graphbit_core.errors import DeadlineError, GraphBitError
from graphbit_core.llm.calls.exchange import Origin
from graphbit_core.llm.calls.worker import Ended, Worker
from graphbit_core.types.messages import Delta

A = TypeVar("A")
Source = Generator[Sequence[Delta], None, A]
"""A call: yields deltas and returns the answer."""


class LocalCalls:
    """Counts the calls of one model.

    Args:
        provider: Name of the provider, for errors.
        model: Name of the model, for errors.
    """

    def __init__(self, provider: str, model: str) -> None:
        self._origin = Origin(provider, model)
        self._lock = threading.Lock()
        self._calls = self._failures = self._in_flight = 0

    def get_stats(self) -> dict[str, Any]:
        """As the kernel's figures; a model in this process has no breaker, retries or queue."""
        with self._lock:
            counts = {"calls": self._calls, "failures": self._failures, "in_flight": self._in_flight}
        return {"circuit_breaker_state": "closed", "retries": 0, "queued": 0, **counts}

    def _counted(self, source: Source[A]) -> Source[A]:
        """``source``, counted; the errors that it raises say whose they are."""
        self._count(calls=1, in_flight=1)
        failed = 1
        try:
            answer = yield from source
            failed = 0
            return answer
        except GeneratorExit:
            failed = 0
            raise
        except GraphBitError as error:
            self._origin.sign(error)
            raise
        finally:
            self._count(failures=failed, in_flight=-1)

    def _count(self, *, calls: int = 0, failures: int = 0, in_flight: int = 0) -> None:
        with self._lock:
            self._calls += calls
            self._failures += failures
            self._in_flight += in_flight


class BlockingLocalRun(Generic[A]):
    """A call in progress, on the calling thread."""

    def __init__(self, source: Source[A]) -> None:
        self._source = source

    def receive(self) -> Sequence[Delta] | A:
        """The next deltas or, last, the answer."""
        try:
            return next(self._source)
        except StopIteration as end:
            answer: A = end.value
            return answer

    def close(self) -> None:
        """Ends the model's work."""
        self._source.close()


class LoopLocalRun(Generic[A]):
    """A call in progress, on a worker thread, read on the event loop."""

    def __init__(self, source: Source[A], deadline: float, origin: Origin) -> None:
        self._worker = Worker(source)
        self._deadline, self._origin = deadline, origin
        self._items: deque[Sequence[Delta] | Ended[A]] = deque()

    async def receive(self) -> Sequence[Delta] | A:
        """The next deltas or, last, the answer. A worker that is late is no longer waited for."""
        if not self._items:
            self._items.extend(await self._wait())
        item = self._items.popleft()
        return item.value if isinstance(item, Ended) else item

    def close(self) -> None:
        """Asks the worker to end at the model's next item."""
        self._worker.stop()

    async def _wait(self) -> list[Sequence[Delta] | Ended[A]]:
        try:
            async with asyncio.timeout(max(0.0, self._deadline - now())) as limit:
                return await self._worker.receive()
        except TimeoutError:
            if not limit.expired():
                raise
        error = late()
        self._origin.sign(error)
        raise error


def late() -> DeadlineError:
    """What a model that took too long raises."""
    return DeadlineError("the model took longer than the deadline", phase="total")
