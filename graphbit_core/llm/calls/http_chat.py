"""A chat model behind HTTP: a provider's codec, and the kernel."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from graphbit_core.contracts.provider import ChatCodec
from graphbit_core.kernel.calls import CallGroup, CallSpec
from graphbit_core.llm.calls.drive import BlockingRun, GroupRun, LoopRun
from graphbit_core.llm.calls.exchange import Dialect, Exchange, Observe
from graphbit_core.llm.calls.http_calls import HttpCalls
from graphbit_core.types.messages import ChatRequest, ChatResponse


class HttpChat(HttpCalls):
    """Answers requests through ``codec``; the rest is as in HttpCalls."""

    def __init__(self, codec: ChatCodec, **names: Any) -> None:
        super().__init__(**names)
        self._codec = codec
        self._whole = Dialect(codec.decode, codec.error)
        self._streamed = Dialect(codec.decode, codec.error, codec.decoder)

    def open(
        self,
        request: ChatRequest,
        deadline: float,
        *,
        stream: bool,
        policy: Mapping[str, float | int] | None = None,
        observe: Observe | None = None,
        group: CallGroup | None = None,
    ) -> BlockingRun[ChatResponse] | GroupRun[ChatResponse]:
        """Begins a call that blocks the calling thread. ``policy`` goes before the client's, key by key.

        As one of a ``group`` it does not block, but gives no deltas where none are there yet.
        """
        prepared = self._prepare(request, deadline, stream, policy, observe)
        return BlockingRun(*prepared) if group is None else GroupRun(group, *prepared)

    def open_async(
        self,
        request: ChatRequest,
        deadline: float,
        *,
        stream: bool,
        policy: Mapping[str, float | int] | None = None,
        observe: Observe | None = None,
    ) -> LoopRun[ChatResponse]:
        """Begins a call on the running event loop."""
        return LoopRun(*self._prepare(request, deadline, stream, policy, observe))

    def _prepare(
        self,
        request: ChatRequest,
        deadline: float,
        stream: bool,
        policy: Mapping[str, float | int] | None,
        observe: Observe | None,
    ) -> tuple[CallSpec, Exchange[ChatResponse]]:
        codec = self._codec
        return self._call(
            self._encoded(partial(codec.encode, request, stream=stream)),
            self._streamed if stream else self._whole,
            deadline,
            written=request.max_tokens or 0,
            framing=codec.framing if stream else None,
            policy=policy,
            observe=observe,
        )
