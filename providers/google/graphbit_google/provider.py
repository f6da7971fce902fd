"""The provider: settings, and a codec per model."""

from __future__ import annotations

from typing import ClassVar

from graphbit_core import (
    ChatRequest,
    ChatResponse,
    Framing,
    HttpRequest,
    HttpResponse,
    ProviderError,
    Secret,
    ValidationError,
)
from graphbit_google.connection import API_VERSION, BASE_URL, Connection
from graphbit_google.errors import read_error
from graphbit_google.replies import read_reply
from graphbit_google.requests import Options, Thinking, write_request
from graphbit_google.stream import GoogleStreamDecoder


class GoogleProvider:
    """Google's Gemini API (generateContent).

    Args:
        api_key: The key; by default the environment variable ``GOOGLE_API_KEY``, else ``GEMINI_API_KEY``.
        base_url: Where the API is, without its version.
        allow_insecure: Allow plain http to another machine.
        api_version: ``v1beta`` or ``v1``.
        include_thoughts: Ask for summaries of the model's thoughts; models that do not think refuse it.
        thinking: What ``reasoning_effort`` is sent as: ``level`` or ``budget``; by default a budget to models
            named ``gemini-1`` or ``gemini-2``, a level to others.

    Raises:
        ConfigError: No key, or a base URL that is not allowed.
        ValidationError: A version or a kind of thinking that does not exist.
    """

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    capabilities: ClassVar[frozenset[str]] = frozenset(
        {
            *("stream", "tools", "json_output", "images", "audio", "files"),
            *("reasoning", "seed", "stop", "embed"),
        }
    )
    default_model: ClassVar[str] = "gemini-3.8-flash"

    def __init__(
        self,
        *,
        api_key: str | Secret | None = None,
        base_url: str = BASE_URL,
        allow_insecure: bool = False,
        api_version: str = API_VERSION,
        include_thoughts: bool = False,
        thinking: Thinking | None = None,
    ) -> None:
        if thinking not in (None, "level", "budget"):
            raise ValidationError(f"thinking is {thinking!r}; use 'level' or 'budget'", field="thinking")
        self._connection = Connection.open(api_key, base_url, api_version, allow_insecure)
        self._options = Options(thinking, include_thoughts)

    def chat(self, model: str) -> GoogleChatCodec:
        """The generateContent API of ``model``."""
        return GoogleChatCodec(self._connection, model, self._options)

    def resource(self) -> str:
        """Names what shares a breaker and limits."""
        return self._connection.resource()


class GoogleChatCodec:
    """generateContent of one model."""

    framing: Framing = "sse"

    def __init__(self, connection: Connection, model: str, options: Options) -> None:
        self._connection = connection
        self._model = model
        self._options = options

    def encode(self, request: ChatRequest, *, stream: bool) -> HttpRequest:
        """The request, with its credential."""
        payload = write_request(request, self._model, self._options)
        if stream:
            action = "streamGenerateContent?alt=sse"
            return self._connection.post(self._model, action, payload, "text/event-stream")
        return self._connection.post(self._model, "generateContent", payload)

    def decode(self, response: HttpResponse) -> ChatResponse:
        """A whole reply."""
        return read_reply(response)

    def decoder(self) -> GoogleStreamDecoder:
        """A fresh decoder."""
        return GoogleStreamDecoder()

    def error(self, response: HttpResponse) -> ProviderError:
        """What a status that is not 2xx means."""
        return read_error(response)
