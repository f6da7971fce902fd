"""Embeddings: the task ``feature-extraction`` of Hugging Face's own inference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from graphbit_openai import Connection, error_in_body, read_error

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
from graphbit_huggingface.provider import KEY_ENV, ROUTER

BASE_URL = f"{ROUTER}/hf-inference"


class HuggingFaceEmbedder:
    """Embeddings of sentence models on Hugging Face.

    Args:
        model: A model for sentences.
        normalize: Have the vectors made one long; None leaves it to the model.
        truncate: Cut texts that are too long for the model, rather than refuse them.
        prompt_name: The prompt of the model that is put before every text, such as ``query``.
        max_batch: Most texts in one request.
        api_key: The token; by default the environment variable ``HF_TOKEN``.
        base_url: Another address that serves ``/models/<model>/pipeline/feature-extraction``.
        allow_insecure: Allow plain http to another machine.

    Raises:
        ConfigError: No token, a base URL that is not allowed, or a number out of range.
    """

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)

    def __init__(
        self,
        *,
        model: str = "sentence-transformers/all-MiniLM-L6-v2",
        normalize: bool | None = None,
        truncate: bool | None = None,
        prompt_name: str | None = None,
        max_batch: int = 32,
        api_key: str | Secret | None = None,
        base_url: str = BASE_URL,
        allow_insecure: bool = False,
    ) -> None:
        check_whole_number("max_batch", max_batch, 1)
        asked = {"normalize": normalize, "truncate": truncate, "prompt_name": prompt_name}
        options = {name: value for name, value in asked.items() if value is not None}
        self._connection = Connection.open(
            "huggingface", base_url, api_key, KEY_ENV, allow_insecure=allow_insecure
        )
        self._codec = HuggingFaceEmbedCodec(self._connection, model, options, max_batch)
        server = server_mark(self._connection.base_url, BASE_URL)
        told = ",".join(f"{name}={value}" for name, value in sorted(options.items()))
        self._fingerprint = f"huggingface:{model}:{told or 'default'}{server}"

    @property
    def dimensions(self) -> int | None:
        """Known from the first reply."""
        return None

    @property
    def fingerprint(self) -> str:
        """Model, options and server."""
        return self._fingerprint

    def codec(self) -> HuggingFaceEmbedCodec:
        """The API."""
        return self._codec

    def resource(self) -> str:
        """Names what shares a breaker and limits."""
        return self._connection.resource()


class HuggingFaceEmbedCodec:
    """Feature extraction with one model."""

    def __init__(self, connection: Connection, model: str, options: dict[str, Any], max_batch: int) -> None:
        self.max_batch = max_batch
        self._connection = connection
        self._model = model
        self._options = options

    def encode(self, texts: Sequence[str]) -> HttpRequest:
        """The request."""
        path = f"/models/{self._model}/pipeline/feature-extraction"
        return self._connection.post(path, {"inputs": list(texts), **self._options})

    def decode(self, response: HttpResponse) -> Vectors:
        """The vectors, in the order of the texts. The API says nothing of tokens."""
        body = response.json()
        if isinstance(body, dict) and body.get("error"):
            raise error_in_body(body["error"], response.status)
        if not isinstance(body, list):
            bad_shape("is not a list of vectors", body, response.status)
        if any(isinstance(row, list) and row and isinstance(row[0], list) for row in body):
            bad_shape("has a vector per token; name a model for sentences", body, response.status)
        return Vectors(read_vectors(body, response.status), model=self._model)

    def error(self, response: HttpResponse) -> ProviderError:
        """What a status that is not 2xx means."""
        return read_error(response)
