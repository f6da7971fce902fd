"""HTTP request: calls a web address, guarded."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from graphbit_core.contracts import API_VERSION
from graphbit_core.contracts.node_type import NodeContext, NodeType
from graphbit_core.errors import DecodeError, Finding, GraphBitError, ResourceExhaustedError, ValidationError
from graphbit_core.kernel import Egress
from graphbit_core.kernel.calls import CallSpec, LoopCall, engine
from graphbit_core.llm.redact import credentials_of, redact, redact_error
from graphbit_core.nodes.http_headers import HeaderTemplates
from graphbit_core.nodes.http_reply import Expected, join_headers, may_mend, output, status_error
from graphbit_core.nodes.settings import require_number, require_text
from graphbit_core.nodes.url_template import Fill, UrlTemplate
from graphbit_core.types.http import HttpRequest, HttpResponse
from graphbit_core.workflow.template import placeholders

if TYPE_CHECKING:
    from graphbit_core.host import Resources

REPEATABLE = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE")
"""Methods whose second sending changes nothing that the first did not."""
METHODS = (*REPEATABLE, "POST", "PATCH")
MAX_RESPONSE_BYTES = 100 * 1024 * 1024
"""Highest ``max_response_bytes``; the kernel holds every guarded call to it."""
_ANY_PUBLIC = "*"
_SHARED_RESOURCES = 256
"""Of the hosts that values name, so many have breakers of their own; the rest shares with one of them."""
DEFAULT_RESPONSE_BYTES = 10 * 1024 * 1024


class HttpRequestNode(NodeType):
    """Sends a request; the output is a mapping with ``status``, ``headers``, ``text``, ``url`` (after
    redirects) and, where the reply says that it is JSON, ``json``.

    A status that was not expected fails with an HttpStatusError; an address that is not public, and not
    among ``allow_hosts``, with an EgressError. Errors say in ``retryable`` whether another attempt may help:
    never for POST and PATCH unless ``idempotent`` is set.
    """

    graphbit_api: ClassVar[tuple[int, int]] = API_VERSION
    inline = True

    def __init__(
        self,
        *,
        url: str,
        method: str = "GET",
        headers: Any = None,
        query: Any = None,
        body: str | None = None,
        json: Any = None,
        allow_hosts: Sequence[str] | None = None,
        expect_status: Any = "2xx",
        max_response_bytes: int | None = None,
        idempotent: bool | None = None,
        proxy: bool = False,
    ) -> None:
        self._method = _checked_method(method)
        self._url = UrlTemplate(url, query)
        self._headers = HeaderTemplates(headers)
        self._expected = Expected(expect_status)
        require_number("max_response_bytes", max_response_bytes, 1, MAX_RESPONSE_BYTES, whole=True)
        self._max_bytes = max_response_bytes or DEFAULT_RESPONSE_BYTES
        require_text("body", body)
        if body is not None and json is not None:
            raise ValidationError("give either a body or json, not both", field="body")
        HttpRequest.json("", json)  # refused now rather than when it is sent
        self._body, self._json = body, json
        for name, flag in (("idempotent", idempotent), ("proxy", proxy)):
            if not isinstance(flag, bool | None):
                raise ValidationError(f"{name} is {flag!r:.80}; give true or false", field=name)
        self._repeatable = self._method in REPEATABLE if idempotent is None else idempotent
        self._allowed = _checked_hosts(allow_hosts, self._url)
        self._egress = Egress(
            [entry for entry in self._allowed if entry != _ANY_PUBLIC],
            only=allow_hosts is not None and _ANY_PUBLIC not in self._allowed,
            secret_headers=self._headers.secret,
            max_redirects=0 if self._expected.redirects else 5,
            proxy=bool(proxy),
        )

    def placeholders(self, first: bool) -> Sequence[str]:
        """Names in the URL, the query, the headers and the body."""
        texts = [self._body or "", *_texts(self._json)]
        in_body = (name for text in texts for name in placeholders(text))
        return list(dict.fromkeys((*self._url.placeholders(), *self._headers.placeholders(), *in_body)))

    def check_resources(self, resources: Resources) -> Sequence[Finding]:
        """Environment variables that its headers name and that are not set."""
        return self._headers.lacking()

    async def run(self, context: NodeContext) -> dict[str, Any]:
        """The reply. Raises HttpStatusError, EgressError, TransportError, DeadlineError, DecodeError,
        ResourceExhaustedError, and ConfigError for a secret that the environment lacks.
        """
        secrets: Sequence[str] = ()
        try:
            request = self._request(context)
            secrets = credentials_of(request.url, request.headers, self._headers.secret)
            return await self._send(request, secrets, context.deadline)
        except GraphBitError as error:
            error.retryable = self._repeatable and may_mend(error)
            redact_error(error, secrets)
            raise

    def _request(self, context: NodeContext) -> HttpRequest:
        fill = context.render
        url, headers = self._url.fill(fill), self._headers.fill(fill)
        if self._repeatable and self._method not in REPEATABLE:
            key = hashlib.sha256(context.activation.encode()).hexdigest()[:32]
            headers.setdefault("idempotency-key", key)
        if self._json is not None:
            made = HttpRequest.json(url, _filled(self._json, fill), headers)
            return replace(made, method=self._method, idempotent=self._repeatable)
        body = b"" if self._body is None else _encoded(fill(self._body))
        if self._body is not None:
            headers.setdefault("content-type", "text/plain; charset=utf-8")
        return HttpRequest(self._method, url, headers, body, self._repeatable)

    async def _send(
        self, request: HttpRequest, secrets: Sequence[str], deadline: float | None
    ) -> dict[str, Any]:
        policy = {"max_attempts": 1, "max_body": self._max_bytes}
        spec = CallSpec(
            self._resource(request.url), request, deadline=deadline, policy=policy, egress=self._egress
        )
        url = request.url
        call = LoopCall(spec)
        try:
            while True:
                for kind, payload in await call.receive():
                    if kind == "redirect":
                        url = payload[2]
                    elif kind == "reply":
                        _, status, headers, body = payload
                        response = HttpResponse(status, join_headers(headers), body)
                        return self._judge(call.id, response, url, secrets)
                    elif kind == "failed":
                        raise self._explained(payload)
        finally:
            call.close()

    def _judge(self, call: int, response: HttpResponse, url: str, secrets: Sequence[str]) -> dict[str, Any]:
        """The output, or the error; and what the kernel may conclude of the host's health."""
        if response.status in self._expected:
            try:
                found = output(response, url)
            except DecodeError:
                engine().fail(call, "malformed")
                raise
            engine().ok(call, 0)
            return found
        what = f"{self._method} {redact(self._url.shown, secrets)}"
        error = status_error(what, response, secrets)
        if response.status == 429:
            engine().retry(call, "rate_limited", error.retry_after)
        else:
            engine().fail(call, "unavailable" if error.retryable else "rejected")
        raise error

    def _explained(self, error: GraphBitError) -> GraphBitError:
        if isinstance(error, ResourceExhaustedError) and error.resource == "body":
            error.message = (
                f"the reply is larger than {self._max_bytes} bytes after decompression; raise "
                f"max_response_bytes (at most {MAX_RESPONSE_BYTES}) if that is right"
            )
            error.args = (error.message,)
        return error

    def _resource(self, url: str) -> str:
        """What shares a breaker: each host of its own, though values may name hosts without end."""
        if not self._url.dynamic:
            return f"http:{self._url.authority.lower()}"
        return f"http:*{zlib.crc32((urlsplit(url).hostname or '').encode()) % _SHARED_RESOURCES}"


def _checked_method(method: Any) -> str:
    if not isinstance(method, str) or method.upper() not in METHODS:
        raise ValidationError(
            f"method is {method!r:.80}; it must be one of {', '.join(METHODS)}", field="method"
        )
    return method.upper()


def _checked_hosts(allow_hosts: Any, url: UrlTemplate) -> list[str]:
    if allow_hosts is None and url.dynamic:
        raise ValidationError(
            "a value decides which host is called; say in allow_hosts which hosts those may be", field="url"
        )
    if isinstance(allow_hosts, str) or not isinstance(allow_hosts, Sequence | None):
        raise ValidationError(
            f"allow_hosts is {allow_hosts!r:.80}; give a list of hosts, addresses or networks",
            field="allow_hosts",
        )
    for entry in allow_hosts or ():
        if not isinstance(entry, str):
            raise ValidationError(f"allow_hosts holds {entry!r:.80}; give text", field="allow_hosts")
    return [entry.lower() for entry in allow_hosts or ()]


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ValidationError(
            f"the body holds half a character (a lone surrogate) at {error.start}", field="body"
        ) from None


def _texts(value: Any) -> Iterator[str]:
    """The texts in ``value``, but for names of fields."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _filled(value: Any, fill: Fill) -> Any:
    """``value`` with its texts filled; names of fields stay as they are."""
    if isinstance(value, str):
        return fill(value)
    if isinstance(value, dict):
        return {key: _filled(item, fill) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(item, fill) for item in value]
    return value
