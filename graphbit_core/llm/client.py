"""The client of chat models: blocking, async, streamed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from graphbit_core.contracts.provider import ChatCodec, ChatModel, Provider
from graphbit_core.errors import ValidationError
from graphbit_core.host import default_host
from graphbit_core.llm.check import check_request
from graphbit_core.llm.http_chat import HttpChat
from graphbit_core.llm.local_chat import LocalChat
from graphbit_core.llm.stream import AsyncRun, AsyncWholeRun, ChatStream, Run, WholeRun
from graphbit_core.types.messages import ChatRequest, ChatResponse, Delta, Message

if TYPE_CHECKING:
    from graphbit_core.host import Host

__all__ = ["ChatStream", "LlmClient"]

OnDelta = Callable[[Delta], None]


class LlmClient:
    """Calls one chat model. Safe to share between threads and event loops; nothing needs closing.

    Args:
        model: ``provider:model``, or ``provider`` for its default model.
        host: Where providers are found; by default everything that is installed.
        timeout: Seconds that one call may take in all, retries and waiting included.
        policy: Bounds of a call, as ``connect_timeout``, ``first_byte_timeout``, ``idle_timeout``,
            ``attempt_timeout``, ``max_attempts``, ``max_body``; for providers behind HTTP.
        limits: Limits of the account, shared by every client of it: ``max_concurrency``,
            ``requests_per_minute``, ``tokens_per_minute``, ``queue``; for providers behind HTTP.
        settings: The provider's settings, for example ``api_key`` and ``base_url``.

    Raises:
        ComponentNotFoundError: No provider of that name is installed.
        ConfigError: A setting of the provider is missing or wrong.
        ValidationError: ``model`` is not a text, or ``timeout`` not above 0.
    """

    def __init__(
        self,
        model: str,
        *,
        host: Host | None = None,
        timeout: float = 600.0,
        policy: Mapping[str, float | int] | None = None,
        limits: Mapping[str, float | int] | None = None,
        **settings: Any,
    ) -> None:
        if not timeout > 0:
            raise ValidationError(f"timeout is {timeout}; it must be above 0 seconds", field="timeout")
        if not isinstance(model, str):
            problem = f"the model is a {type(model).__name__}; give 'provider:model' as text"
            fix = "a provider of your own gets a name by default_host().add('provider', name, lambda: it)"
            raise ValidationError(f"{problem}; {fix}", field="model")
        name, _, model_name = model.partition(":")
        provider: Provider = (host or default_host()).create("provider", name, **settings)
        self.provider = name
        self.model = model_name or provider.default_model
        self.capabilities = provider.capabilities
        self.timeout = timeout
        self._chat = self._connect(provider, policy or {}, limits or {})

    def respond(
        self, request: ChatRequest, *, deadline: float | None = None, on_delta: OnDelta | None = None
    ) -> ChatResponse:
        """Answers ``request``.

        Args:
            request: The request.
            deadline: When the call must be over, on ``time.monotonic``; ``timeout`` holds as well.
            on_delta: Called with each piece as it arrives, on this thread.

        Raises:
            ValidationError: The request is wrong, or asks for what the provider cannot do.
            ProviderError: The API answered with an error.
            TransportError: No usable answer arrived.
            DeadlineError: Time ran out.
            DecodeError: The answer is not what the API promises.
        """
        run = self._open(request, deadline, stream=on_delta is not None)
        try:
            while not isinstance(batch := run.receive(), ChatResponse):
                _hand_out(batch, on_delta)
            return batch
        finally:
            run.close()

    async def respond_async(
        self, request: ChatRequest, *, deadline: float | None = None, on_delta: OnDelta | None = None
    ) -> ChatResponse:
        """As ``respond``, on the running event loop. Cancelling it closes the call's socket."""
        run = self._open_async(request, deadline, stream=on_delta is not None)
        try:
            while not isinstance(batch := await run.receive(), ChatResponse):
                _hand_out(batch, on_delta)
            return batch
        finally:
            run.close()

    def stream(
        self,
        prompt: str | ChatRequest,
        *,
        system: str | None = None,
        deadline: float | None = None,
        **options: Any,
    ) -> ChatStream:
        """Streams the answer to a prompt or a whole request; ``options`` are fields of ChatRequest."""
        request = as_request(prompt, system, options)
        return ChatStream(
            lambda: self._open(request, deadline, stream=True),
            lambda: self._open_async(request, deadline, stream=True),
        )

    def complete(self, prompt: str, *, system: str | None = None, **options: Any) -> str:
        """The text of the answer to ``prompt``; ``options`` are fields of ChatRequest. Raises as respond."""
        return self.complete_full(prompt, system=system, **options).text

    async def complete_async(self, prompt: str, *, system: str | None = None, **options: Any) -> str:
        """As ``complete``, on the running event loop."""
        return (await self.complete_full_async(prompt, system=system, **options)).text

    def complete_full(self, prompt: str, *, system: str | None = None, **options: Any) -> ChatResponse:
        """The whole answer to ``prompt``: text, tool calls, usage, finish reason."""
        return self.respond(as_request(prompt, system, options))

    async def complete_full_async(
        self, prompt: str, *, system: str | None = None, **options: Any
    ) -> ChatResponse:
        """As ``complete_full``, on the running event loop."""
        return await self.respond_async(as_request(prompt, system, options))

    def get_stats(self) -> dict[str, float | int | str]:
        """``breaker``, ``calls``, ``failures``, ``retries``, ``in_flight``, ``queued`` of the account."""
        return self._chat.get_stats()

    def __repr__(self) -> str:
        return f"LlmClient({self.provider}:{self.model})"

    def _connect(
        self, provider: Provider, policy: Mapping[str, float | int], limits: Mapping[str, float | int]
    ) -> HttpChat | LocalChat:
        chat: ChatCodec | ChatModel = provider.chat(self.model)
        if isinstance(chat, ChatModel):
            return LocalChat(chat, provider=self.provider, name=self.model)
        return HttpChat(
            chat,
            provider=self.provider,
            model=self.model,
            resource=provider.resource(),
            policy=policy,
            limits=limits,
        )

    def _open(self, request: ChatRequest, deadline: float | None, *, stream: bool) -> Run:
        check_request(request, self.provider, self.capabilities)
        can_stream = "stream" in self.capabilities
        run = self._chat.open(request, self._until(deadline), stream=stream and can_stream)
        return WholeRun(run) if stream and not can_stream else run

    def _open_async(self, request: ChatRequest, deadline: float | None, *, stream: bool) -> AsyncRun:
        check_request(request, self.provider, self.capabilities)
        can_stream = "stream" in self.capabilities
        run = self._chat.open_async(request, self._until(deadline), stream=stream and can_stream)
        return AsyncWholeRun(run) if stream and not can_stream else run

    def _until(self, deadline: float | None) -> float:
        own = time.monotonic() + self.timeout
        return own if deadline is None else min(own, deadline)


def as_request(prompt: str | ChatRequest, system: str | None, options: Mapping[str, Any]) -> ChatRequest:
    """A request for one prompt; a request that is one already stays as it is.

    Raises:
        ValidationError: A whole request came with ``system`` or options, which it holds itself.
    """
    if isinstance(prompt, ChatRequest):
        if system is not None or options:
            raise ValidationError("a ChatRequest holds its system message and options itself", field="prompt")
        return prompt
    messages = [Message("system", system)] if system is not None else []
    return ChatRequest((*messages, Message("user", prompt)), **options)


def _hand_out(deltas: Sequence[Delta], on_delta: OnDelta | None) -> None:
    if on_delta is not None:
        for delta in deltas:
            on_delta(delta)
