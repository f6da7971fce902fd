"""The provider: settings, and a codec per model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from graphbit_core import ChatRequest, ChatResponse, Framing, HttpRequest, HttpResponse, ProviderError, Secret
from graphbit_openai.connection import BASE_URL, Connection, open_openai
from graphbit_openai.errors import read_error
from graphbit_openai.quirks import Quirks
from graphbit_openai.replies import read_reply
from graphbit_openai.requests import RequestWriter
from graphbit_openai.stream import OpenAIStreamDecoder


class OpenAICompatibleProvider:
    """A server that speaks OpenAI's chat completions, with its own quirks.

    Args:
        connection: Where it is, and who asks.
        quirks: How it differs from OpenAI.
        default_model: The model where none is named.
        more: Capabilities beside those that follow from the quirks: ``reasoning``, ``embed``.
    """

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)

    def __init__(
        self, connection: Connection, quirks: Quirks, default_model: str, more: frozenset[str] = frozenset()
    ) -> None:
        self.capabilities = quirks.capabilities | more
        self.default_model = default_model
        self._connection = connection
        self._quirks = quirks

    def chat(self, model: str) -> OpenAIChatCodec:
        """The chat completions API for ``model``."""
        return OpenAIChatCodec(self._connection, model, self._quirks)

    def resource(self) -> str:
        """Names what shares a breaker and limits."""
        return self._connection.resource()


class OpenAIProvider(OpenAICompatibleProvider):
    """OpenAI's chat completions API, and servers that speak it (``base_url``).

    Args:
        api_key: The key; by default the environment variable ``OPENAI_API_KEY``.
        base_url: Where the API is.
        allow_insecure: Allow plain http to another machine.
        organization: Organization to bill.
        project: Project to bill.
        quirks: How the server differs from OpenAI's, by name: see ``Quirks``.

    Raises:
        ConfigError: No key, or a base URL that is not allowed.
        ValidationError: A quirk that does not exist, or cannot have that value.
    """

    capabilities: frozenset[str] = Quirks().capabilities | {"embed"}
    default_model: str = "gpt-5.6-luna"

    def __init__(
        self,
        *,
        api_key: str | Secret | None = None,
        base_url: str = BASE_URL,
        allow_insecure: bool = False,
        organization: str | None = None,
        project: str | None = None,
        quirks: Quirks | Mapping[str, Any] | None = None,
    ) -> None:
        connection = open_openai(api_key, base_url, allow_insecure, organization, project)
        super().__init__(connection, Quirks().changed(quirks), type(self).default_model, frozenset({"embed"}))


class OpenAIChatCodec:
    """Chat completions for one model."""

    framing: Framing = "sse"

    def __init__(self, connection: Connection, model: str, quirks: Quirks) -> None:
        self._connection = connection
        self._model = model
        self._quirks = quirks
        self._writer = RequestWriter(connection.provider, quirks)

    def encode(self, request: ChatRequest, *, stream: bool) -> HttpRequest:
        """The request, with its credential."""
        payload = self._writer.write(request, self._model, stream=stream)
        accept = "text/event-stream" if stream else "application/json"
        return self._connection.post("/chat/completions", payload, accept)

    def decode(self, response: HttpResponse) -> ChatResponse:
        """A whole reply."""
        return read_reply(response, self._quirks, self._connection.provider)

    def decoder(self) -> OpenAIStreamDecoder:
        """A fresh decoder."""
        return OpenAIStreamDecoder(self._quirks, self._connection.provider)

    def error(self, response: HttpResponse) -> ProviderError:
        """What a status that is not 2xx means."""
        return read_error(response)
