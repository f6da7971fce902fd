"""What a reply means to an http_request node: its output, or the error it fails with."""

from __future__ import annotations

import codecs
import re
import time
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

from graphbit_core.errors import (
    DeadlineError,
    DecodeError,
    GraphBitError,
    HttpStatusError,
    ResourceExhaustedError,
    TransportError,
    ValidationError,
)
from graphbit_core.llm.calls.reply_errors import retry_after
from graphbit_core.llm.redact import redact
from graphbit_core.types.http import HttpResponse

_CHARSETS = re.compile(
    r"ascii|utf-8(-sig)?|utf-(16|32)(-[lb]e)?|iso8859-\d+|cp(125\d|866|932|949|950)|koi8-[ru]|mac-\w+"
    r"|shift_jis|euc_(jp|kr)|iso2022_(jp|kr)|gb2312|gbk|gb18030|big5(hkscs)?"
)
_JSON = re.compile(r"(application|text)/([\w.-]+\+)?json")
_TEXTUAL = re.compile(r"text/|[^;]*(json|xml|javascript|urlencoded)")
_EXCERPT = 300
_RETRYABLE = frozenset((408, 425, 429))
_FINAL_5XX = frozenset((501, 505))
REDIRECTS = frozenset((301, 302, 303, 307, 308))


class Expected:
    """The statuses that are a success: numbers, and classes such as ``2xx``."""

    def __init__(self, given: Any) -> None:
        items = given if isinstance(given, list | tuple) else [given]
        self._statuses: set[int] = set()
        for item in items:
            if isinstance(item, str) and re.fullmatch(r"[1-5]xx", item):
                self._statuses.update(range(int(item[0]) * 100, int(item[0]) * 100 + 100))
            elif isinstance(item, int) and not isinstance(item, bool) and 100 <= item <= 599:
                self._statuses.add(item)
            else:
                raise ValidationError(
                    f"expect_status is {given!r:.80}; give a status such as 200, a class such as '2xx', "
                    "or a list of them",
                    field="expect_status",
                )
        if not items:
            raise ValidationError("expect_status is empty; name at least one status", field="expect_status")

    def __contains__(self, status: int) -> bool:
        return status in self._statuses

    @property
    def redirects(self) -> bool:
        """Whether a redirect is what is asked for, and so not followed."""
        return bool(self._statuses & REDIRECTS)


def output(response: HttpResponse, url: str) -> dict[str, Any]:
    """``status``, ``headers``, ``text``, ``url`` and, if the content type says JSON, ``json``.

    Raises:
        DecodeError: The body is packed in a way that was not asked for, or is not the JSON it claims to be.
    """
    packing = response.headers.get("content-encoding", "identity").strip().lower()
    if packing not in ("identity", "") and response.body:
        raise DecodeError(
            f"the reply is packed as {packing[:40]!r}, though gzip alone was offered", status=response.status
        )
    found = {
        "status": response.status,
        "headers": dict(response.headers),
        "text": _text(response, response.body),
        "url": url,
    }
    if response.body and _JSON.fullmatch(_media_type(response)):
        found["json"] = response.json()
    return found


def status_error(what: str, response: HttpResponse, secrets: Iterable[str]) -> HttpStatusError:
    """The error for a status that was not expected; ``what`` says what was asked of whom."""
    status = response.status
    phrase = f" {HTTPStatus(status).phrase}" if status in _KNOWN else ""
    excerpt = _excerpt(response, secrets)
    return HttpStatusError(
        f"{what} answered {status}{phrase}{f': {excerpt}' if excerpt else ''}",
        status=status,
        retry_after=retry_after(response.headers, time.time()),
        excerpt=excerpt,
        retryable=status in _RETRYABLE or (status >= 500 and status not in _FINAL_5XX),
    )


def may_mend(error: GraphBitError) -> bool:
    """Whether the same request, sent again, may succeed where ``error`` ended it."""
    if isinstance(error, HttpStatusError):
        return bool(error.retryable)
    if isinstance(error, DeadlineError):
        return error.phase != "total"
    if isinstance(error, ResourceExhaustedError):
        return error.resource == "queue"
    return isinstance(error, TransportError)


def join_headers(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Headers by name; what came more than once is joined by a comma, as HTTP has it."""
    found: dict[str, str] = {}
    for name, value in pairs:
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _media_type(response: HttpResponse) -> str:
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def _text(response: HttpResponse, body: bytes) -> str:
    """``body`` by the charset that its type names, UTF-8 where it names none that is known."""
    named = re.search(r"charset=\"?([\w.:-]+)", response.headers.get("content-type", ""), re.IGNORECASE)
    charset = "utf-8"
    if named:
        try:
            found = codecs.lookup(named.group(1)).name
        except LookupError:
            found = ""
        charset = found if _CHARSETS.fullmatch(found) else charset
    return body.decode(charset, "replace")


def _excerpt(response: HttpResponse, secrets: Iterable[str]) -> str:
    kind = _media_type(response)
    if kind and not _TEXTUAL.match(kind):
        return f"{len(response.body)} bytes of {kind[:60]}"
    text = _text(response, response.body[: _EXCERPT * 4])[:_EXCERPT]
    return redact(" ".join(text.split()), secrets)


_KNOWN = frozenset(status.value for status in HTTPStatus)
