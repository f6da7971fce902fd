"""A chat model behind HTTP: a provider's codec, and the kernel."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from graphbit_core.contracts.provider import ChatCodec
from graphbit_core.errors import GraphBitError
from graphbit_core.kernel.calls import CallGroup, CallSpec, engine
from graphbit_core.llm.drive import BlockingRun, GroupRun, LoopRun
from graphbit_core.llm.exchange import Dialect, Exchange, Observe, Origin
from graphbit_core.llm.redact import secrets_of
from graphbit_core.types.messages import ChatRequest, ChatResponse

_TOKENS_PER_BYTE = 0.25


class HttpChat:
    """Answers requests through ``codec``."""

    def __init__(
        self,
        codec: ChatCodec,
        *,
        provider: str,
        model: str,
        resource: str,
        limiter: str,
        policy: Mapping[str, float | int],
        limits: Mapping[str, float | int],
        protect: Mapping[str, float | int],
    ) -> None:
        self._codec = codec
        self._whole = Dialect(codec.decode, codec.error)
        self._streamed = Dialect(codec.decode, codec.error, codec.decoder)
        self._provider, self._model = provider, model
        self._resource, self._limiter = resource, limiter
        self._policy = dict(policy)
        if limits:
            engine().limit(limiter, dict(limits))
        if protect:
            engine().protect(resource, dict(protect))

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

    def get_stats(self) -> dict[str, float | int | str]:
        """The kernel's figures for the resource."""
        return engine().stats(self._resource)

    def _prepare(
        self,
        request: ChatRequest,
        deadline: float,
        stream: bool,
        policy: Mapping[str, float | int] | None,
        observe: Observe | None,
    ) -> tuple[CallSpec, Exchange[ChatResponse]]:
        codec = self._codec
        try:
            http = codec.encode(request, stream=stream)
        except GraphBitError as error:
            Origin(self._provider, self._model).sign(error)
            raise
        tokens = int(len(http.body) * _TOKENS_PER_BYTE) + (request.max_tokens or 0)
        framing = codec.framing if stream else None
        merged = {**self._policy, **policy} if policy else self._policy
        spec = CallSpec(
            self._resource,
            http,
            framing,
            tokens,
            deadline,
            merged,
            limiter=self._limiter,
            notices=observe is not None,
        )
        secrets = partial(secrets_of, http.url, http.headers)
        origin = Origin(self._provider, self._model, secrets, self._resource)
        return spec, Exchange(self._streamed if stream else self._whole, origin, observe)
