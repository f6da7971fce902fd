"""What the API's errors mean, as replies, inside streams and inside 2xx bodies."""

from __future__ import annotations

from typing import Any

from graphbit_core import (
    AuthError,
    BadRequestError,
    DecodeError,
    HttpResponse,
    ProviderError,
    RateLimitError,
    UnavailableError,
    error_for_status,
)

_NO_CREDIT = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
"""Sent with 429, but waiting does not help."""

_CLASS_OF: dict[str, type[ProviderError]] = {
    "server_error": UnavailableError,
    "service_unavailable": UnavailableError,
    "overloaded_error": UnavailableError,
    "rate_limit_exceeded": RateLimitError,
    "rate_limit_error": RateLimitError,
    "insufficient_quota": RateLimitError,
    "invalid_request_error": BadRequestError,
    "context_length_exceeded": BadRequestError,
    "authentication_error": AuthError,
    "invalid_api_key": AuthError,
}


def read_error(response: HttpResponse) -> ProviderError:
    """The error that a status other than 2xx stands for."""
    message, kind, code = _read(_error_of(response))
    return error_for_status(
        response.status,
        f"HTTP {response.status}: {message}",
        code=code or kind,
        retryable=False if _NO_CREDIT & {kind, code} else None,
    )


def error_in_body(error: Any, status: int | None = None) -> ProviderError:
    """The error that came where an answer was due; its class is told by its type and code."""
    message, kind, code = _read(error)
    facts: dict[str, Any] = {"code": code or kind, "retryable": False if _NO_CREDIT & {kind, code} else None}
    if code and code.isdigit() and 400 <= int(code) <= 599:
        found: type[ProviderError] = type(error_for_status(int(code), message))
    else:
        found = _CLASS_OF.get(code or "") or _CLASS_OF.get(kind or "") or ProviderError
    return found(message, status=status, **facts)


def _error_of(response: HttpResponse) -> Any:
    try:
        body = response.json()
    except DecodeError:
        return response.body[:200].decode("utf-8", "replace")
    if not isinstance(body, dict):
        return body
    return body.get("error") or body


def _read(error: Any) -> tuple[str, str | None, str | None]:
    """Message, type and code of an error in any of the shapes that servers use."""
    if not isinstance(error, dict):
        return str(error)[:500] or "no explanation", None, None
    message = error.get("message") or error.get("detail") or "no explanation"
    kind, code = error.get("type"), error.get("code")
    return str(message)[:2000], str(kind) if kind else None, str(code) if code else None
