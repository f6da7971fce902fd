"""The provider: settings, and a codec per model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from graphbit_anthropic.connection import NEWER_VERSION, VERSION, Auth, Connection
from graphbit_anthropic.errors import read_error
from graphbit_anthropic.options import BUDGETS, MAX_TOKENS, CacheTtl, Display, Options, Thinking
from graphbit_anthropic.replies import read_reply
from graphbit_anthropic.requests import write_request
from graphbit_anthropic.stream import AnthropicStreamDecoder
from graphbit_core import ChatRequest, ChatResponse, Framing, HttpRequest, HttpResponse, ProviderError, Secret


class AnthropicProvider:
    """Anthropic's messages API, and servers that speak it (``base_url``).

    Args:
        api_key: The key; by default the environment variable ``ANTHROPIC_API_KEY``, else
            ``ANTHROPIC_AUTH_TOKEN``, which is sent as a bearer token.
        base_url: Where the API is, without ``/v1``; by default the environment variable
            ``ANTHROPIC_BASE_URL``, else Anthropic.
        allow_insecure: Allow plain http to another machine.
        version: The ``anthropic-version``. ``2023-06-01`` is what every gateway speaks.
        auth: How the key is sent, ``x-api-key`` or ``bearer``; by default as the version wants it: bearer
            from ``2026-10-21`` on.
        betas: Names for the ``anthropic-beta`` header.
        max_tokens: Most tokens of an answer where the request does not say; the API wants a number.
        sampling: Whether ``temperature``, ``top_p`` and ``top_k`` may be asked for; by default up to versions
            before ``2026-10-21``. False refuses them.
        thinking: How ``reasoning_effort`` is sent: ``adaptive`` as an effort, or ``budget`` as tokens. By
            default by the model's name: budgets up to version 4.5 of Claude, effort for all others.
        budgets: Tokens of thinking per effort, at least 1024 each.
        thinking_display: ``summarized`` or ``omitted``; by default the model decides.
        strict_tools: Ask for calls that fit the tools' schemas.
        cache_ttl: How long what a request asks to cache is kept, ``5m`` or ``1h``; by default the API's 5
            minutes.

    Raises:
        ConfigError: No key, a base URL that is not allowed, or a number out of range.
        ValidationError: Another setting that is none of its values.
    """

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    capabilities: ClassVar[frozenset[str]] = frozenset(
        {"stream", "tools", "json_output", "images", "files", "reasoning", "stop"}
    )
    default_model: ClassVar[str] = "claude-haiku-5-5"

    def __init__(
        self,
        *,
        api_key: str | Secret | None = None,
        base_url: str | None = None,
        allow_insecure: bool = False,
        version: str = VERSION,
        auth: Auth | None = None,
        betas: Sequence[str] = (),
        max_tokens: int = MAX_TOKENS,
        sampling: bool | None = None,
        thinking: Thinking | None = None,
        budgets: Mapping[str, int] = BUDGETS,
        thinking_display: Display | None = None,
        strict_tools: bool = False,
        cache_ttl: CacheTtl | None = None,
    ) -> None:
        self._connection = Connection.open(api_key, base_url, allow_insecure, auth, version, betas)
        self._options = Options(
            max_tokens=max_tokens,
            sampling=version < NEWER_VERSION if sampling is None else sampling,
            thinking=thinking,
            budgets=dict(budgets),
            thinking_display=thinking_display,
            strict_tools=strict_tools,
            cache_ttl=cache_ttl,
        )

    def chat(self, model: str) -> AnthropicChatCodec:
        """The messages API for ``model``."""
        return AnthropicChatCodec(self._connection, model, self._options)

    def resource(self) -> str:
        """Names what shares a breaker and limits."""
        return self._connection.resource()


class AnthropicChatCodec:
    """Messages of one model."""

    framing: Framing = "sse"

    def __init__(self, connection: Connection, model: str, options: Options) -> None:
        self._connection = connection
        self._model = model
        self._options = options

    def encode(self, request: ChatRequest, *, stream: bool) -> HttpRequest:
        """The request, with its credential."""
        payload = write_request(request, self._model, self._options, stream=stream)
        accept = "text/event-stream" if stream else "application/json"
        return self._connection.post("/v1/messages", payload, accept)

    def decode(self, response: HttpResponse) -> ChatResponse:
        """A whole reply."""
        return read_reply(response)

    def decoder(self) -> AnthropicStreamDecoder:
        """A fresh decoder."""
        return AnthropicStreamDecoder()

    def error(self, response: HttpResponse) -> ProviderError:
        """What a status that is not 2xx means."""
        return read_error(response)
