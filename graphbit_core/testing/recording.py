"""How requests and replies are written down in a cassette, without what is secret, and read back."""

from __future__ import annotations

import http.client
import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from graphbit_core.llm.redact import MASK, credentials_of, is_secret_name, redact
from graphbit_core.testing.model_server import Received
from graphbit_core.testing.replies import Reply

_KEPT = (
    "content-type",
    "retry-after",
    "retry-after-ms",
    "x-should-retry",
    "request-id",
    "x-request-id",
    "date",
)
_HOP = frozenset({"host", "connection", "content-length", "accept-encoding", "transfer-encoding"})
"""Request headers that belong to the connection; without accept-encoding a recording can be read."""
_TIMEOUT = 120.0


def request_record(request: Received, names: Sequence[str]) -> dict[str, Any]:
    """What of a request is written down and compared: method, path, the headers of ``names``, body."""
    secrets = credentials_of(request.path, request.headers)
    headers = {
        name: MASK if is_secret_name(name) else redact(request.headers[name], secrets)
        for name in names
        if name in request.headers
    }
    path = redact(request.path, secrets)
    return {"method": request.method, "path": path, "headers": headers, **_body(request.body, secrets)}


def ask_upstream(upstream: str, request: Received) -> tuple[Reply, dict[str, Any]]:
    """The reply of the real API, and how it is written down. Raises OSError if there is none."""
    parts = urlsplit(upstream)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=_TIMEOUT)
    headers = {name: value for name, value in request.headers.items() if name not in _HOP}
    try:
        connection.request(request.method, parts.path + request.path, request.body, headers)
        response = connection.getresponse()
        said = {name.lower(): value for name, value in response.getheaders()}
        chunks = list(iter(lambda: response.read1(1 << 20), b""))
    finally:
        connection.close()
    kept = {name: value for name, value in said.items() if name in _KEPT or "ratelimit" in name}
    secrets = credentials_of(request.path, request.headers)
    written = {name: redact(value, secrets) for name, value in kept.items()}
    record: dict[str, Any] = {"status": response.status, "headers": written}
    if response.chunked:
        record["chunks"] = _chunks(chunks, secrets)
        return _streamed(response.status, kept, chunks), record
    record |= _body(b"".join(chunks), secrets)
    return Reply.text(b"".join(chunks), response.status, kept), record


def play(response: dict[str, Any]) -> Reply:
    """A reply as it was written down; a stream in the chunks it came in."""
    status, headers = response["status"], response["headers"]
    if "chunks" in response:
        return _streamed(status, headers, [_bytes(chunk) for chunk in response["chunks"]])
    if "json" in response:
        return Reply.text(json.dumps(response["json"], ensure_ascii=False), status, headers)
    return Reply.text(_bytes(response["body"]), status, headers)


def _streamed(status: int, headers: dict[str, str], chunks: Sequence[bytes]) -> Reply:
    fields = {"transfer-encoding": "chunked", **headers}
    head = Reply.text(b"", status, fields, headers.get("content-type", "application/octet-stream")).head
    head = head.replace(b"content-length: 0\r\n", b"")
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return Reply(head, body + b"0\r\n\r\n")


def _body(data: bytes, secrets: Sequence[str]) -> dict[str, Any]:
    """JSON as what it means, other bodies as text."""
    written = _text(data, secrets)
    if isinstance(written, str):
        try:
            return {"json": json.loads(written)}
        except ValueError:
            return {"body": written}
    return {"body": written}


def _chunks(chunks: Sequence[bytes], secrets: Sequence[str]) -> list[Any]:
    """Each chunk; all in one where a secret would lie across two."""
    data = b"".join(chunks)
    if any(_count(secret, [data]) > _count(secret, chunks) for secret in secrets):
        return [_text(data, secrets)]
    return [_text(chunk, secrets) for chunk in chunks]


def _count(secret: str, chunks: Sequence[bytes]) -> int:
    return sum(chunk.lower().count(secret.lower().encode()) for chunk in chunks)


def _text(data: bytes, secrets: Sequence[str]) -> str | dict[str, str]:
    """Text without secrets; base64 for what is no UTF-8, such as a chunk that ends within a character."""
    try:
        return redact(data.decode(), secrets)
    except UnicodeDecodeError:
        hidden = redact(data.decode("latin-1"), secrets).encode("latin-1")
        return {"base64": b64encode(hidden).decode("ascii")}


def _bytes(written: str | dict[str, str]) -> bytes:
    return written.encode() if isinstance(written, str) else b64decode(written["base64"])
