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
from graphbit_openai.connection import BASE_URL, Connection
from graphbit_openai.errors import read_error
from graphbit_openai.replies import read_reply
from graphbit_openai.requests import TokenLimitField, write_request
from graphbit_openai.stream import OpenAIStreamDecoder


class OpenAIProvider:
    """OpenAI's chat completions API, and servers that speak it (``base_url``).

    Args:
        api_key: The key; by default the environment variable ``OPENAI_API_KEY``.
        base_url: Where the API is.
        allow_insecure: Allow plain http to another machine.
        organization: Organization to bill.
        project: Project to bill.
        max_tokens_field: What the API calls the limit of tokens: ``max_completion_tokens``, or
            ``max_tokens`` for older servers.
        require_done: Take a stream for complete only after ``[DONE]``. False suits servers that never send
            it; the finish reason alone then ends the answer.

    Raises:
        ConfigError: No key, or a base URL that is not allowed.
    """

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    capabilities: ClassVar[frozenset[str]] = frozenset(
        {"stream", "tools", "json_output", "images", "audio", "files", "seed", "stop", "embed"}
    )
    default_model: ClassVar[str] = "gpt-5.6-luna"

    def __init__(
        self,
        *,
        api_key: str | Secret | None = None,
        base_url: str = BASE_URL,
        allow_insecure: bool = False,
        organization: str | None = None,
        project: str | None = None,
        max_tokens_field: TokenLimitField = "max_completion_tokens",
        require_done: bool = True,
    ) -> None:
        if max_tokens_field not in ("max_completion_tokens", "max_tokens"):
            raise ValidationError(
                f"max_tokens_field is {max_tokens_field!r}; use 'max_completion_tokens' or 'max_tokens'",
                field="max_tokens_field",
            )
        self._connection = Connection.open(api_key, base_url, allow_insecure, organization, project)
        self._max_tokens_field: TokenLimitField = max_tokens_field
        self._require_done = require_done

    def chat(self, model: str) -> OpenAIChatCodec:
        """The chat completions API for ``model``."""
        return OpenAIChatCodec(self._connection, model, self._max_tokens_field, self._require_done)

    def resource(self) -> str:
        """Names what shares a breaker and limits."""
        return self._connection.resource()


class OpenAIChatCodec:
    """Chat completions for one model."""

    framing: Framing = "sse"

    def __init__(
        self, connection: Connection, model: str, max_tokens_field: TokenLimitField, require_done: bool
    ) -> None:
        self._connection = connection
        self._model = model
        self._max_tokens_field = max_tokens_field
        self._require_done = require_done

    def encode(self, request: ChatRequest, *, stream: bool) -> HttpRequest:
        """The request, with its credential."""
        payload = write_request(request, self._model, self._max_tokens_field, stream=stream)
        accept = "text/event-stream" if stream else "application/json"
        return self._connection.post("/chat/completions", payload, accept)

    def decode(self, response: HttpResponse) -> ChatResponse:
        """A whole reply."""
        return read_reply(response)

    def decoder(self) -> OpenAIStreamDecoder:
        """A fresh decoder."""
        return OpenAIStreamDecoder(self._require_done)

    def error(self, response: HttpResponse) -> ProviderError:
        """What a status that is not 2xx means."""
        return read_error(response)
