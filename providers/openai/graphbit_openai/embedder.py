"""Embeddings of OpenAI's API, and of servers that speak it."""

from __future__ import annotations

import binascii
import json
import sys
from array import array
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from graphbit_core import (
    HttpRequest,
    HttpResponse,
    ProviderError,
    Secret,
    ValidationError,
    Vectors,
    check_whole_number,
    server_mark,
)
from graphbit_core.wire import bad_shape, check_extra, read_vectors
from graphbit_openai.connection import BASE_URL, Connection, open_openai
from graphbit_openai.errors import error_in_body, read_error
from graphbit_openai.usage import read_usage

Encoding = Literal["base64", "float"]
_DIMENSIONS = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072, "text-embedding-ada-002": 1536}


class OpenAICompatibleEmbedder:
    """Embeddings of a server that speaks OpenAI's API.

    Args:
        connection: Where it is, and who asks.
        model: The embedding model.
        dimensions: Length of the vectors, for models that can shorten them; by default the model's own.
        encoding: How vectors travel; None where the server cannot be asked.
        max_batch: Most texts in one request.
        dimensions_field: What the server calls ``dimensions``.
        extra: More fields of the body.

    Raises:
        ConfigError: A number is out of range.
        ValidationError: Another setting is none of its values.
    """

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)

    def __init__(
        self,
        connection: Connection,
        model: str,
        *,
        dimensions: int | None = None,
        encoding: Encoding | None = None,
        max_batch: int = 2048,
        dimensions_field: str = "dimensions",
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        check_whole_number("max_batch", max_batch, 1, 2048)
        if dimensions is not None:
            check_whole_number("dimensions", dimensions, 1)
        if encoding not in ("base64", "float", None):
            raise ValidationError(
                f"encoding is {encoding!r}; it must be 'base64' or 'float'", field="encoding"
            )
        check_extra(extra or {}, ("model", "input"))
        fields = {"model": model, "encoding_format": encoding, dimensions_field: dimensions, **(extra or {})}
        sent = {name: value for name, value in fields.items() if value is not None}
        self._connection = connection
        self._codec = OpenAIEmbedCodec(connection, sent, max_batch)
        self._dimensions = dimensions or _DIMENSIONS.get(model)
        server = server_mark(connection.base_url, BASE_URL)
        self._fingerprint = f"{connection.provider}:{model}:{dimensions or 'default'}{server}"
        if extra:
            self._fingerprint += ":" + json.dumps(dict(extra), sort_keys=True)

    @property
    def dimensions(self) -> int | None:
        """Length of a vector, where it is known without asking."""
        return self._dimensions

    @property
    def fingerprint(self) -> str:
        """Model, length and server."""
        return self._fingerprint

    def codec(self) -> OpenAIEmbedCodec:
        """The API."""
        return self._codec

    def resource(self) -> str:
        """Names what shares a breaker and limits."""
        return self._connection.resource()


class OpenAIEmbedder(OpenAICompatibleEmbedder):
    """OpenAI's embeddings API, and servers that speak it (``base_url``).

    Args:
        model: The embedding model.
        dimensions: Length of the vectors, for models that can shorten them; by default the model's own.
        encoding: How vectors travel; ``base64`` is a quarter of the size of ``float``.
        max_batch: Most texts in one request, 1 to 2048.
        api_key: The key; by default the environment variable ``OPENAI_API_KEY``.
        base_url: Where the API is.
        allow_insecure: Allow plain http to another machine.
        organization: Organization to bill.
        project: Project to bill.

    Raises:
        ConfigError: No key, a base URL that is not allowed, or a number out of range.
        ValidationError: Another setting that is none of its values.
    """

    def __init__(
        self,
        *,
        model: str = "text-embedding-3-small",
        dimensions: int | None = None,
        encoding: Encoding = "base64",
        max_batch: int = 2048,
        api_key: str | Secret | None = None,
        base_url: str = BASE_URL,
        allow_insecure: bool = False,
        organization: str | None = None,
        project: str | None = None,
    ) -> None:
        connection = open_openai(api_key, base_url, allow_insecure, organization, project)
        super().__init__(connection, model, dimensions=dimensions, encoding=encoding, max_batch=max_batch)


class OpenAIEmbedCodec:
    """Embeddings with one model; ``fields`` are those of the body beside the texts."""

    def __init__(self, connection: Connection, fields: Mapping[str, Any], max_batch: int) -> None:
        self.max_batch = max_batch
        self._connection = connection
        self._fields = fields

    def encode(self, texts: Sequence[str]) -> HttpRequest:
        """The request."""
        return self._connection.post("/embeddings", {"input": list(texts), **self._fields})

    def decode(self, response: HttpResponse) -> Vectors:
        """The vectors in the order of their ``index``, whichever way they are encoded."""
        body = response.json()
        if isinstance(body, dict) and body.get("error"):
            raise error_in_body(body["error"], response.status)
        rows = body.get("data") if isinstance(body, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            bad_shape("has no list of embeddings under data", body, response.status)
        places = [row.get("index", place) for place, row in enumerate(rows)]
        if not all(type(place) is int for place in places) or sorted(places) != list(range(len(rows))):
            bad_shape("repeats or leaves out an index", places, response.status)
        found: list[Any] = [None] * len(rows)
        for place, row in zip(places, rows, strict=True):
            embedding = row.get("embedding")
            packed = isinstance(embedding, str)
            found[place] = _unpacked(embedding, response.status) if packed else embedding
        vectors = read_vectors(found, response.status)
        return Vectors(vectors, read_usage(body.get("usage")), str(body.get("model") or ""))

    def error(self, response: HttpResponse) -> ProviderError:
        """What a status that is not 2xx means."""
        return read_error(response)


def _unpacked(encoded: str, status: int) -> array[float]:
    """Base64 of little-endian 32-bit floats."""
    numbers = array("f")
    try:
        numbers.frombytes(b64decode(encoded, validate=True))
    except (binascii.Error, ValueError):
        bad_shape("has an embedding that is not base64 of 32-bit floats", encoded, status)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
