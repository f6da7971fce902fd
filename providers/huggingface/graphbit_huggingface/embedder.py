"""Embeddings: the task ``feature-extraction`` of Hugging Face's own inference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from graphbit_openai import Connection, error_in_body, read_error

from graphbit_core import (
    DecodeError,
    HttpRequest,
    HttpResponse,
    ProviderError,
    Secret,
    ValidationError,
    Vector,
    Vectors,
)
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
        ConfigError: No token, or a base URL that is not allowed.
        ValidationError: A setting is out of range.
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
        if max_batch < 1:
            raise ValidationError(f"max_batch is {max_batch}; it must be at least 1", field="max_batch")
        asked = {"normalize": normalize, "truncate": truncate, "prompt_name": prompt_name}
        options = {name: value for name, value in asked.items() if value is not None}
        self._connection = Connection.open(
            "huggingface", base_url, api_key, KEY_ENV, allow_insecure=allow_insecure
        )
        self._codec = FeatureExtractionCodec(self._connection, model, options, max_batch)
        where = "" if self._connection.base_url == BASE_URL else self._connection.resource().split(":")[1]
        told = ",".join(f"{name}={value}" for name, value in sorted(options.items()))
        self._fingerprint = f"huggingface:{model}:{told or 'default'}" + (where and f":{where}")

    @property
    def dimensions(self) -> int | None:
        """Known from the first reply."""
        return None

    @property
    def fingerprint(self) -> str:
        """Model, options and server."""
        return self._fingerprint

    def codec(self) -> FeatureExtractionCodec:
        """The API."""
        return self._codec

    def resource(self) -> str:
        """Names what shares a breaker and limits."""
        return self._connection.resource()


class FeatureExtractionCodec:
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
            raise _bad("is not a list of vectors", body, response.status)
        vectors = [_vector(row, response.status) for row in body]
        if len({len(vector) for vector in vectors}) > 1:
            raise _bad("has vectors of different lengths", list(map(len, vectors)), response.status)
        return Vectors(vectors, model=self._model)

    def error(self, response: HttpResponse) -> ProviderError:
        """What a status that is not 2xx means."""
        return read_error(response)


def _vector(row: Any, status: int) -> Vector:
    if isinstance(row, list) and row and isinstance(row[0], list):
        raise _bad("has a vector per token; name a model for sentences", row, status)
    if not isinstance(row, list) or not row or not all(type(number) in (float, int) for number in row):
        raise _bad("has a vector that is not a list of numbers", row, status)
    vector = [float(number) for number in row]
    if not all(map(math.isfinite, vector)):
        raise _bad("has a number that is not finite", row, status)
    return vector


def _bad(what: str, body: Any, status: int) -> DecodeError:
    return DecodeError(f"the reply {what}", status=status, excerpt=repr(body)[:200])
