"""A chat model in this process: inline for blocking callers, on a worker thread for event loops."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Generator, Sequence

from graphbit_core.contracts.provider import ChatModel
from graphbit_core.errors import DeadlineError, DecodeError, GraphBitError
from graphbit_core.llm.exchange import Origin
from graphbit_core.llm.worker import Ended, Worker
from graphbit_core.types.messages import ChatRequest, ChatResponse, Delta


class LocalChat:
    """Answers requests through ``model``."""

    def __init__(self, model: ChatModel, *, provider: str, name: str) -> None:
        self._model = model
        self._origin = Origin(provider, name)
        self._lock = threading.Lock()
        self._calls = self._failures = self._in_flight = 0

    def answer(
        self, request: ChatRequest, deadline: float, *, stream: bool
    ) -> Generator[Sequence[Delta], None, ChatResponse]:
        """Yields deltas and returns the answer. The deadline is looked at between two items."""
        self._count(calls=1, in_flight=1)
        failed = 1
        try:
            for item in self._model.respond(request):
                if time.monotonic() > deadline:
                    raise DeadlineError("the model took longer than the deadline", phase="total")
                if isinstance(item, ChatResponse):
                    failed = 0
                    return item
                if stream:
                    yield (item,)
            raise DecodeError("the model stopped without an answer")
        except GeneratorExit:
            failed = 0
            raise
        except GraphBitError as error:
            self._origin.sign(error)
            raise
        finally:
            self._count(failures=failed, in_flight=-1)

    async def answer_async(
        self, request: ChatRequest, deadline: float, *, stream: bool
    ) -> AsyncGenerator[Sequence[Delta] | ChatResponse]:
        """Yields deltas and, last, the answer.

        A worker that is past the deadline, or whose reader left, is told to stop at its next item.
        """
        worker = Worker(self.answer(request, deadline, stream=stream))
        try:
            while True:
                for item in await self._receive(worker, deadline):
                    if isinstance(item, Ended):
                        yield item.value
                        return
                    yield item
        finally:
            worker.stop()

    def get_stats(self) -> dict[str, float | int | str]:
        """As the kernel's figures; a model in this process has no breaker, retries or queue."""
        with self._lock:
            counts = {"calls": self._calls, "failures": self._failures, "in_flight": self._in_flight}
        return {"breaker": "closed", "retries": 0, "queued": 0, **counts}

    async def _receive(
        self, worker: Worker[Sequence[Delta], ChatResponse], deadline: float
    ) -> list[Sequence[Delta] | Ended[ChatResponse]]:
        try:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())) as limit:
                return await worker.receive()
        except TimeoutError:
            if not limit.expired():
                raise
        late = DeadlineError("the model took longer than the deadline", phase="total")
        self._origin.sign(late)
        raise late

    def _count(self, *, calls: int = 0, failures: int = 0, in_flight: int = 0) -> None:
        with self._lock:
            self._calls += calls
            self._failures += failures
            self._in_flight += in_flight
