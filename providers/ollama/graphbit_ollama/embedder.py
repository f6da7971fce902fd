"""Embeddings of models that Ollama serves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from graphbit_core import (
    HttpRequest,
    HttpResponse,
    ProviderError,
    Secret,
    Vectors,
    check_whole_number,
    server_mark,
)
from graphbit_core.wire import bad_shape, read_vectors
from graphbit_ollama.connection import BASE_URL, Connection
from graphbit_ollama.errors import error_in_body, read_error
from graphbit_ollama.replies import read_usage


class OllamaEmbedder:
    """Ollama's embeddings API.

    Args:
        model: The embedding model; the server must have it.
        dimensions: Length of the vectors, for models that can shorten them; by default the model's own.
        truncate: Whether the server may cut texts that are too long for the model. False makes them an error.
        keep_alive: How long the model stays in memory, such as ``"10m"``, or seconds; -1 for ever.
        max_batch: Most texts in one request, at least 1.
        api_key: A key, for servers that want one; by default the environment variable ``OLLAMA_API_KEY``,
            else none.
        base_url: Where the server is, in any form that ``OLLAMA_HOST`` takes; by default that environment
            variable, else port 11434 of this machine.
        allow_insecure: Allow plain http to another machine.

    Raises:
        ConfigError: An address that is none or not allowed, or a number below 1.
    """

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)

    def __init__(
        self,
        *,
        model: str = "embeddinggemma",
        dimensions: int | None = None,
        truncate: bool = False,
        keep_alive: float | str | None = None,
        max_batch: int = 256,
        api_key: str | Secret | None = None,
        base_url: str | None = None,
        allow_insecure: bool = False,
    ) -> None:
        check_whole_number("max_batch", max_batch, 1)
        if dimensions is not None:
            check_whole_number("dimensions", dimensions, 1)
        self._connection = Connection.open(api_key, base_url, allow_insecure)
        optional = {"dimensions": dimensions, "keep_alive": keep_alive}
        fields = {"model": model, "truncate": truncate}
        fields |= {name: value for name, value in optional.items() if value is not None}
        self._codec = OllamaEmbedCodec(self._connection, fields, max_batch)
        self._dimensions = dimensions
        server = server_mark(self._connection.base_url, BASE_URL)
        self._fingerprint = f"ollama:{model}:{dimensions or 'default'}{server}"

    @property
    def dimensions(self) -> int | None:
        """Length of a vector, where it was asked for; else only the model knows."""
        return self._dimensions

    @property
    def fingerprint(self) -> str:
        """Model, length and server."""
        return self._fingerprint

    def codec(self) -> OllamaEmbedCodec:
        """The API."""
        return self._codec

    def resource(self) -> str:
        """Names what shares a breaker and limits."""
        return self._connection.resource()


class OllamaEmbedCodec:
    """Embeddings with one model."""

    def __init__(self, connection: Connection, fields: dict[str, Any], max_batch: int) -> None:
        self.max_batch = max_batch
        self._connection = connection
        self._fields = fields

    def encode(self, texts: Sequence[str]) -> HttpRequest:
        """The request."""
        return self._connection.post("/api/embed", {"input": list(texts), **self._fields})

    def decode(self, response: HttpResponse) -> Vectors:
        """The vectors, which are in the order of the texts."""
        body = response.json()
        if isinstance(body, dict) and body.get("error"):
            raise error_in_body(body, response.status)
        rows = body.get("embeddings") if isinstance(body, dict) else None
        if not isinstance(rows, list):
            bad_shape("has no list under embeddings", body, response.status)
        return Vectors(read_vectors(rows, response.status), read_usage(body), str(body.get("model") or ""))

    def error(self, response: HttpResponse) -> ProviderError:
        """What a status that is not 2xx means."""
        return read_error(response, self._fields["model"])
