"""A chat model in this process: inline for blocking callers, on a worker thread for event loops."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Generator, Mapping, Sequence

from graphbit_core.contracts.provider import ChatModel
from graphbit_core.errors import DeadlineError, DecodeError, GraphBitError
from graphbit_core.kernel.calls import CallGroup
from graphbit_core.llm.exchange import Observe, Origin
from graphbit_core.llm.worker import Ended, Worker
from graphbit_core.types.messages import ChatRequest, ChatResponse, Delta

_Source = Generator[Sequence[Delta], None, ChatResponse]


class LocalChat:
    """Answers requests through ``model``."""

    def __init__(self, model: ChatModel, *, provider: str, name: str) -> None:
        self._model = model
        self._origin = Origin(provider, name)
        self._lock = threading.Lock()
        self._calls = self._failures = self._in_flight = 0

    def open(
        self,
        request: ChatRequest,
        deadline: float,
        *,
        stream: bool,
        policy: Mapping[str, float | int] | None = None,
        observe: Observe | None = None,
        group: CallGroup | None = None,
    ) -> BlockingLocalRun:
        """Begins a call that runs on the calling thread; ``policy``, ``observe``, ``group`` are for HTTP."""
        del policy, observe, group
        return BlockingLocalRun(self._answer(request, deadline, stream=stream))

    def open_async(
        self,
        request: ChatRequest,
        deadline: float,
        *,
        stream: bool,
        policy: Mapping[str, float | int] | None = None,
        observe: Observe | None = None,
    ) -> LoopLocalRun:
        """Begins a call that runs on a worker thread and reports to the running event loop."""
        del policy, observe
        return LoopLocalRun(self._answer(request, deadline, stream=stream), deadline, self._origin)

    def get_stats(self) -> dict[str, float | int | str]:
        """As the kernel's figures; a model in this process has no breaker, retries or queue."""
        with self._lock:
            counts = {"calls": self._calls, "failures": self._failures, "in_flight": self._in_flight}
        return {"breaker": "closed", "retries": 0, "queued": 0, **counts}

    def _answer(self, request: ChatRequest, deadline: float, *, stream: bool) -> _Source:
        """Yields deltas and returns the answer; between two of them it looks at the deadline."""
        self._count(calls=1, in_flight=1)
        failed = 1
        try:
            for item in self._model.respond(request):
                if time.monotonic() > deadline:
                    raise _late()
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

    def _count(self, *, calls: int = 0, failures: int = 0, in_flight: int = 0) -> None:
        with self._lock:
            self._calls += calls
            self._failures += failures
            self._in_flight += in_flight


class BlockingLocalRun:
    """A call in progress, on the calling thread."""

    def __init__(self, source: _Source) -> None:
        self._source = source

    def receive(self) -> Sequence[Delta] | ChatResponse:
        """The next deltas or, last, the answer."""
        try:
            return next(self._source)
        except StopIteration as end:
            answer: ChatResponse = end.value
            return answer

    def close(self) -> None:
        """Ends the model's work."""
        self._source.close()


class LoopLocalRun:
    """A call in progress, on a worker thread, read on the event loop."""

    def __init__(self, source: _Source, deadline: float, origin: Origin) -> None:
        self._worker = Worker(source)
        self._deadline, self._origin = deadline, origin
        self._items: deque[Sequence[Delta] | Ended[ChatResponse]] = deque()

    async def receive(self) -> Sequence[Delta] | ChatResponse:
        """The next deltas or, last, the answer. A worker that is late is no longer waited for."""
        if not self._items:
            self._items.extend(await self._wait())
        item = self._items.popleft()
        return item.value if isinstance(item, Ended) else item

    def close(self) -> None:
        """Asks the worker to end at the model's next item."""
        self._worker.stop()

    async def _wait(self) -> list[Sequence[Delta] | Ended[ChatResponse]]:
        try:
            async with asyncio.timeout(max(0.0, self._deadline - time.monotonic())) as limit:
                return await self._worker.receive()
        except TimeoutError:
            if not limit.expired():
                raise
        error = _late()
        self._origin.sign(error)
        raise error


def _late() -> DeadlineError:
    return DeadlineError("the model took longer than the deadline", phase="total")
