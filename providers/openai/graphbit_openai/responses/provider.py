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
from graphbit_openai.connection import BASE_URL, Connection, open_openai
from graphbit_openai.errors import read_error
from graphbit_openai.responses.replies import read_reply
from graphbit_openai.responses.requests import Options, Summary, write_request
from graphbit_openai.responses.stream import ResponsesStreamDecoder

CAPABILITIES = frozenset({"stream", "tools", "json_output", "images", "files", "reasoning"})


class OpenAIResponsesProvider:
    """OpenAI's responses API, and servers that speak it (``base_url``).

    Reasoning comes back with an answer, and goes back to the model unchanged in the next turn.

    Args:
        api_key: The key; by default the environment variable ``OPENAI_API_KEY``.
        base_url: Where the API is.
        allow_insecure: Allow plain http to another machine.
        organization: Organization to bill.
        project: Project to bill.
        store: Let the provider keep the conversation. ``extra={"previous_response_id": …}`` needs it.
        reasoning_summary: Ask for a summary of the reasoning, which is otherwise kept from you.
        return_reasoning: Ask for the reasoning in encrypted form, so that the next turn goes on from it. By
            default where nothing is stored, except of models named gpt-3.5…, gpt-4… and gpt-5-chat…, which
            do not reason and refuse the request.

    Raises:
        ConfigError: No key, or a base URL that is not allowed.
        ValidationError: ``reasoning_summary`` is none of its words.
    """

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    capabilities: ClassVar[frozenset[str]] = CAPABILITIES
    default_model: ClassVar[str] = "gpt-5.6-luna"

    def __init__(
        self,
        *,
        api_key: str | Secret | None = None,
        base_url: str = BASE_URL,
        allow_insecure: bool = False,
        organization: str | None = None,
        project: str | None = None,
        store: bool = False,
        reasoning_summary: Summary | None = None,
        return_reasoning: bool | None = None,
    ) -> None:
        self._options = open_options(store, reasoning_summary, return_reasoning)
        self._connection = open_openai(api_key, base_url, allow_insecure, organization, project)

    def chat(self, model: str) -> ResponsesChatCodec:
        """The responses API for ``model``."""
        return ResponsesChatCodec(self._connection, model, self._options)

    def resource(self) -> str:
        """Names what shares a breaker and limits."""
        return self._connection.resource()


def open_options(store: bool, summary: Summary | None, return_reasoning: bool | None) -> Options:
    """Checks the settings. Raises ValidationError."""
    if summary not in (None, "auto", "concise", "detailed"):
        raise ValidationError(
            f"reasoning_summary is {summary!r}; use 'auto', 'concise' or 'detailed'",
            field="reasoning_summary",
        )
    return Options(store, summary, return_reasoning)


class ResponsesChatCodec:
    """Responses of one model."""

    framing: Framing = "sse"

    def __init__(self, connection: Connection, model: str, options: Options) -> None:
        self._connection = connection
        self._model = model
        self._options = options

    def encode(self, request: ChatRequest, *, stream: bool) -> HttpRequest:
        """The request, with its credential."""
        payload = write_request(request, self._model, self._options, stream=stream)
        accept = "text/event-stream" if stream else "application/json"
        return self._connection.post("/responses", payload, accept)

    def decode(self, response: HttpResponse) -> ChatResponse:
        """A whole reply."""
        return read_reply(response)

    def decoder(self) -> ResponsesStreamDecoder:
        """A fresh decoder."""
        return ResponsesStreamDecoder()

    def error(self, response: HttpResponse) -> ProviderError:
        """What a status that is not 2xx means."""
        return read_error(response)
