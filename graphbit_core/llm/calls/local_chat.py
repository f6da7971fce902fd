"""A chat model in this process."""

from __future__ import annotations

import time
from collections.abc import Mapping

from graphbit_core.contracts.provider import ChatModel
from graphbit_core.errors import DecodeError
from graphbit_core.kernel.calls import CallGroup
from graphbit_core.llm.calls.exchange import Observe
from graphbit_core.llm.calls.local_calls import BlockingLocalRun, LocalCalls, LoopLocalRun, Source, late
from graphbit_core.types.messages import ChatRequest, ChatResponse


class LocalChat(LocalCalls):
    """Answers requests through ``model``."""

    def __init__(self, model: ChatModel, *, provider: str, name: str) -> None:
        super().__init__(provider, name)
        self._model = model

    def open(
        self,
        request: ChatRequest,
        deadline: float,
        *,
        stream: bool,
        policy: Mapping[str, float | int] | None = None,
        observe: Observe | None = None,
        group: CallGroup | None = None,
    ) -> BlockingLocalRun[ChatResponse]:
        """Begins a call that runs on the calling thread; ``policy``, ``observe``, ``group`` are for HTTP."""
        del policy, observe, group
        return BlockingLocalRun(self._counted(self._answer(request, deadline, stream=stream)))

    def open_async(
        self,
        request: ChatRequest,
        deadline: float,
        *,
        stream: bool,
        policy: Mapping[str, float | int] | None = None,
        observe: Observe | None = None,
    ) -> LoopLocalRun[ChatResponse]:
        """Begins a call that runs on a worker thread and reports to the running event loop."""
        del policy, observe
        source = self._counted(self._answer(request, deadline, stream=stream))
        return LoopLocalRun(source, deadline, self._origin)

    def _answer(self, request: ChatRequest, deadline: float, *, stream: bool) -> Source[ChatResponse]:
        """Yields deltas and returns the answer; between two of them it looks at the deadline."""
        for item in self._model.respond(request):
            if time.monotonic() > deadline:
                raise late()
            if isinstance(item, ChatResponse):
                return item
            if stream:
                yield (item,)
        raise DecodeError("the model stopped without an answer")
