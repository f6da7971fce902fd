"""HTTP as a codec sees it: a request it wrote, a response or frames it reads. No I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from graphbit_core.errors import DecodeError, ValidationError

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
Framing = Literal["sse", "ndjson"]
"""How a streamed body is cut into frames."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What is sent. Headers and URL may hold a credential: the repr shows no headers, no user, no query.

    Attributes:
        method: ``GET``, ``POST``, …
        url: Absolute URL.
        headers: Header names in lower case.
        body: The bytes of the body.
        idempotent: Whether sending it twice is harmless; only then is it retried.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    idempotent: bool = True

    def __repr__(self) -> str:
        where = self.url.partition("?")[0].partition("#")[0]
        scheme, separator, rest = where.rpartition("://")
        return f"HttpRequest({self.method} {scheme}{separator}{rest.rpartition('@')[2]})"

    @staticmethod
    def json(url: str, payload: Any, headers: Mapping[str, str] | None = None) -> HttpRequest:
        """A POST of ``payload`` as JSON.

        Raises:
            ValidationError: Something in ``payload`` has no JSON form: NaN, a lone surrogate, an object.
        """
        merged = {"content-type": "application/json", **(headers or {})}
        try:
            body = _encode(payload).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise ValidationError(f"the request cannot be written as JSON: {error}") from error
        return HttpRequest("POST", url, merged, body)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A whole reply. Header names are in lower case; of repeated headers the last one counts."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            DecodeError: The body is not JSON; ``excerpt`` shows how it begins.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            fault = str(error)  # not chained: it holds the whole body, which may repeat a credential
        excerpt = self.body[:200].decode("utf-8", "replace")
        raise DecodeError(
            f"the reply (HTTP {self.status}) is not JSON: {fault}", status=self.status, excerpt=excerpt
        )


@dataclass(frozen=True, slots=True)
class Frame:
    """One event of a streamed body. ``event`` is the SSE event name, empty where there is none."""

    data: str
    event: str = ""
