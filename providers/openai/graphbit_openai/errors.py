"""What errors mean, as replies, inside streams and inside 2xx bodies, in any shape that servers use."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from graphbit_core import (
    AuthError,
    BadRequestError,
    HttpResponse,
    ProviderError,
    RateLimitError,
    UnavailableError,
    error_for_status,
)
from graphbit_core.wire import error_body

_NO_CREDIT = frozenset(
    {
        "insufficient_quota",
        "billing_hard_limit_reached",
        "exceeded_current_quota_error",
        "insufficient_balance",
    }
)
"""Sent with 429, but waiting does not help."""

_CLASS_OF: dict[str, type[ProviderError]] = {
    "server_error": UnavailableError,
    "service_unavailable": UnavailableError,
    "overloaded_error": UnavailableError,
    "engine_overloaded_error": UnavailableError,
    "rate_limit_exceeded": RateLimitError,
    "rate_limit_error": RateLimitError,
    "rate_limit_reached_error": RateLimitError,
    **dict.fromkeys(_NO_CREDIT, RateLimitError),
    "insufficient_balance": BadRequestError,  # DeepSeek, with 402
    "invalid_request_error": BadRequestError,
    "context_length_exceeded": BadRequestError,
    "authentication_error": AuthError,
    "invalid_api_key": AuthError,
    "permission_error": AuthError,
    "not_found_error": BadRequestError,
    "request_too_large": BadRequestError,
}


class _Said(NamedTuple):
    """What an error says of itself."""

    message: str
    kind: str | None = None
    code: str | None = None

    @property
    def name(self) -> str | None:
        """The code, unless it only repeats a status beside a type that says more."""
        return self.kind if self.kind and (self.code or "").isdigit() else self.code or self.kind

    @property
    def retryable(self) -> bool | None:
        return False if _NO_CREDIT & {self.kind, self.code} else None


def read_error(response: HttpResponse) -> ProviderError:
    """The error that a status other than 2xx stands for."""
    error = _error_of(response)
    said = _read(error)
    text = f"HTTP {response.status}: {said.message}"
    if response.status == 413 and said.code == "rate_limit_exceeded":
        # Groq: this request alone is above the tokens of a minute, so that waiting does not help.
        return RateLimitError(text, status=413, code=said.code, retryable=False)
    facts: dict[str, Any] = {"code": said.name, "retryable": said.retryable}
    if (wait := _wait_in_body(error, response)) is not None:
        facts["retry_after"] = wait
    return error_for_status(response.status, text, **facts)


def error_in_body(error: Any, status: int | None = None) -> ProviderError:
    """The error that came where an answer was due; its class is told by its type and code."""
    said = _read(error)
    code, kind = said.code or "", said.kind or ""
    if code.isascii() and code.isdigit() and 400 <= int(code[:4]) <= 599:
        found: type[ProviderError] = type(error_for_status(int(code), said.message))
    else:
        found = _CLASS_OF.get(code) or _CLASS_OF.get(kind) or ProviderError
    return found(said.message, status=status, code=said.name, retryable=said.retryable)


def _error_of(response: HttpResponse) -> Any:
    body = error_body(response)
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    if not isinstance(body, dict):
        return body
    return body.get("error") or body


def _read(error: Any) -> _Said:
    """Message, type and code of an error in any of the shapes that servers use."""
    if not isinstance(error, dict):
        return _Said(_text(error) or "no explanation")
    message = _text(error.get("message")) or _text(error.get("detail")) or _text(error.get("error"))
    metadata = error.get("metadata")
    if isinstance(metadata, dict) and metadata.get("raw"):  # OpenRouter: what the provider behind it said
        message = f"{message} ({metadata.get('provider_name')}: {_text(metadata['raw'])[:500]})"
    if filtered := _filtered(error.get("innererror")):  # Azure
        message = f"{message} (filtered for: {', '.join(filtered)})"
    kind, code = error.get("type"), error.get("code")
    return _Said(
        message[:2000] or "no explanation",
        str(kind)[:200] if kind else None,
        str(code)[:200] if code else None,
    )


def _filtered(inner: Any) -> list[str]:
    """What content was filtered for, with how severe it was found."""
    results = inner.get("content_filter_result") if isinstance(inner, dict) else None
    found: dict[str, Any] = results if isinstance(results, dict) else {}
    return [
        f"{name} {result['severity']}" if result.get("severity") else str(name)
        for name, result in found.items()
        if isinstance(result, dict) and result.get("filtered")
    ]


def _text(said: Any, depth: int = 0) -> str:
    """A message as text: also FastAPI's list of faults, each with the place it is about."""
    if said is None or depth > 3:
        return ""
    if isinstance(said, list):
        return "; ".join(filter(None, (_text(one, depth + 1) for one in said[:20])))[:2000]
    if not isinstance(said, dict):
        return str(said)[:2000]
    inner = next((said[name] for name in ("msg", "message", "detail", "error") if said.get(name)), None)
    place = said.get("loc")
    where = ".".join(map(str, place[:10])) + ": " if isinstance(place, list) else ""
    return where + _text(inner, depth + 1) if inner is not None else str(said)[:500]


def _wait_in_body(error: Any, response: HttpResponse) -> float | None:
    """Seconds until the moment that OpenRouter names in the body, by the clock of the reply itself.

    It is in milliseconds since the epoch; a reply without a ``date`` leaves the wait open.
    """
    metadata = error.get("metadata") if isinstance(error, dict) else None
    headers = metadata.get("headers") if isinstance(metadata, dict) else None
    if not isinstance(headers, dict) or "retry-after" in response.headers:
        return None
    reset = str(headers.get("X-RateLimit-Reset") or "")
    if not (reset.isascii() and reset.isdigit() and len(reset) < 16):
        return None
    try:
        now = parsedate_to_datetime(response.headers.get("date", "")).timestamp()
    except (ValueError, OverflowError):
        return None
    return max(0.0, int(reset) / 1000 - now)
