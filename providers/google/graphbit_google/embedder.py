"""Embeddings of the Gemini API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

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
from graphbit_google.connection import API_VERSION, BASE_URL, Connection, model_path
from graphbit_google.errors import error_in_body, error_of, read_error
from graphbit_google.replies import read_usage


class GoogleEmbedder:
    """Embeddings of the Gemini API (batchEmbedContents).

    Args:
        model: The embedding model.
        dimensions: Length of the vectors, for models that can shorten them; by default the model's own.
        task_type: What the vectors are for, such as ``RETRIEVAL_DOCUMENT``, ``RETRIEVAL_QUERY`` or
            ``SEMANTIC_SIMILARITY``; by default the model's own.
        max_batch: Most texts in one request, 1 to 100.
        api_key: The key; by default the environment variable ``GOOGLE_API_KEY``, else ``GEMINI_API_KEY``.
        base_url: Where the API is, without its version.
        api_version: ``v1beta`` or ``v1``.
        allow_insecure: Allow plain http to another machine.

    Raises:
        ConfigError: No key, a base URL that is not allowed, or a number out of range.
        ValidationError: A version that does not exist.
    """

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)

    def __init__(
        self,
        *,
        model: str = "gemini-embedding-001",
        dimensions: int | None = None,
        task_type: str | None = None,
        max_batch: int = 100,
        api_key: str | Secret | None = None,
        base_url: str = BASE_URL,
        api_version: str = API_VERSION,
        allow_insecure: bool = False,
    ) -> None:
        check_whole_number("max_batch", max_batch, 1, 100)
        if dimensions is not None:
            check_whole_number("dimensions", dimensions, 1)
        self._connection = Connection.open(api_key, base_url, api_version, allow_insecure)
        self._codec = GoogleEmbedCodec(self._connection, model, dimensions, task_type, max_batch)
        self._dimensions = dimensions or (3072 if model == "gemini-embedding-001" else None)
        server = server_mark(self._connection.base_url, f"{BASE_URL}/{api_version}")
        self._fingerprint = f"google:{model}:{dimensions or 'default'}:{task_type or 'default'}{server}"

    @property
    def dimensions(self) -> int | None:
        """Length of a vector, where it is known without asking."""
        return self._dimensions

    @property
    def fingerprint(self) -> str:
        """Model, length, task and server."""
        return self._fingerprint

    def codec(self) -> GoogleEmbedCodec:
        """The API."""
        return self._codec

    def resource(self) -> str:
        """Names what shares a breaker and limits."""
        return self._connection.resource()


class GoogleEmbedCodec:
    """Embeddings with one model."""

    def __init__(
        self,
        connection: Connection,
        model: str,
        dimensions: int | None,
        task_type: str | None,
        max_batch: int,
    ) -> None:
        self.max_batch = max_batch
        self._connection = connection
        self._model = model
        fields = {"model": model_path(model), "taskType": task_type, "outputDimensionality": dimensions}
        self._fields = {name: value for name, value in fields.items() if value is not None}

    def encode(self, texts: Sequence[str]) -> HttpRequest:
        """The request."""
        requests = [{**self._fields, "content": {"parts": [{"text": text}]}} for text in texts]
        return self._connection.post(self._model, "batchEmbedContents", {"requests": requests})

    def decode(self, response: HttpResponse) -> Vectors:
        """The vectors, which come in the order of the texts."""
        body = response.json()
        if error := error_of(body):
            raise error_in_body(error, response.status)
        rows = body.get("embeddings") if isinstance(body, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            bad_shape("has no list of embeddings", body, response.status)
        vectors = read_vectors([row.get("values") for row in rows], response.status)
        return Vectors(vectors, read_usage(body.get("usageMetadata")), str(self._fields["model"]))

    def error(self, response: HttpResponse) -> ProviderError:
        """What a status that is not 2xx means."""
        return read_error(response)
