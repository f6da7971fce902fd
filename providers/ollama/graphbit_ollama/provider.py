"""The provider: settings, and a codec per model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from graphbit_core import (
    ChatRequest,
    ChatResponse,
    Framing,
    HttpRequest,
    HttpResponse,
    ProviderError,
    Secret,
    check_whole_number,
)
from graphbit_ollama.connection import Connection
from graphbit_ollama.errors import read_error
from graphbit_ollama.replies import read_reply
from graphbit_ollama.requests import Options, write_request
from graphbit_ollama.stream import OllamaStreamDecoder


class OllamaProvider:
    """Ollama's chat API. A model that the server does not have is an error, never a download.

    Args:
        api_key: A key, for servers that want one; by default the environment variable ``OLLAMA_API_KEY``,
            else none.
        base_url: Where the server is, in any form that ``OLLAMA_HOST`` takes; by default that environment
            variable, else port 11434 of this machine.
        allow_insecure: Allow plain http to another machine.
        num_ctx: Tokens of context. The server cuts longer prompts without a word; by default it decides how
            many that are.
        options: More options of the model, such as ``{"top_k": 40}``; what a request asks for wins.
        keep_alive: How long the model stays in memory, such as ``"10m"``, or seconds; -1 for ever.

    Raises:
        ConfigError: An address that is none or not allowed, a key that no header can carry, or a ``num_ctx``
            below 1.
    """

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    capabilities: ClassVar[frozenset[str]] = frozenset(
        {"stream", "tools", "json_output", "images", "reasoning", "seed", "stop", "embed"}
    )
    default_model: ClassVar[str] = "llama3.2"

    def __init__(
        self,
        *,
        api_key: str | Secret | None = None,
        base_url: str | None = None,
        allow_insecure: bool = False,
        num_ctx: int | None = None,
        options: Mapping[str, Any] | None = None,
        keep_alive: float | str | None = None,
    ) -> None:
        self._connection = Connection.open(api_key, base_url, allow_insecure)
        context = {} if num_ctx is None else {"num_ctx": check_whole_number("num_ctx", num_ctx, 1)}
        self._options = Options({**(options or {}), **context}, keep_alive)

    def chat(self, model: str) -> OllamaChatCodec:
        """The chat API for ``model``."""
        return OllamaChatCodec(self._connection, model, self._options)

    def resource(self) -> str:
        """Names what shares a breaker and limits."""
        return self._connection.resource()


class OllamaChatCodec:
    """Chats with one model."""

    framing: Framing = "ndjson"

    def __init__(self, connection: Connection, model: str, options: Options) -> None:
        self._connection = connection
        self._model = model
        self._options = options

    def encode(self, request: ChatRequest, *, stream: bool) -> HttpRequest:
        """The request, with its credential."""
        payload = write_request(request, self._model, self._options, stream=stream)
        accept = "application/x-ndjson" if stream else "application/json"
        return self._connection.post("/api/chat", payload, accept)

    def decode(self, response: HttpResponse) -> ChatResponse:
        """A whole reply."""
        return read_reply(response)

    def decoder(self) -> OllamaStreamDecoder:
        """A fresh decoder."""
        return OllamaStreamDecoder()

    def error(self, response: HttpResponse) -> ProviderError:
        """What a status that is not 2xx means."""
        return read_error(response, self._model)
