"""What the API's errors mean, as replies, inside streams and inside 2xx bodies."""

from __future__ import annotations

from typing import Any

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
        "billing_error",
        "contract_spend_limit_reached",
        "enforced_spend_limit_reached",
        "linked_organization_billing_unavailable",
        "linked_organization_spend_limit_reached",
    }
)
"""Some come with 429, but waiting does not help."""

_CLASS_OF: dict[str, type[ProviderError]] = {
    "api_error": UnavailableError,
    "overloaded_error": UnavailableError,
    "timeout_error": UnavailableError,
    "rate_limit_error": RateLimitError,
    "authentication_error": AuthError,
    "permission_error": AuthError,
    "billing_error": BadRequestError,
    "conflict_error": BadRequestError,
    "invalid_request_error": BadRequestError,
    "not_found_error": BadRequestError,
    "request_too_large": BadRequestError,
}


def read_error(response: HttpResponse) -> ProviderError:
    """The error that a status other than 2xx stands for."""
    message, _, facts = _read(error_body(response))
    return error_for_status(response.status, f"HTTP {response.status}: {message}", **facts)


def error_in_body(body: Any, status: int | None = None) -> ProviderError:
    """The error that came where an answer was due; its class is told by its type."""
    message, kind, facts = _read(body)
    return _CLASS_OF.get(kind or "", ProviderError)(message, status=status, **facts)


def _read(body: Any) -> tuple[str, str | None, dict[str, Any]]:
    """Message, type and facts of an error; also as servers write it that only resemble the API."""
    holder = body if isinstance(body, dict) else {}
    error = holder.get("error") or body
    if not isinstance(error, dict):
        return str(error or "")[:500] or "no explanation", None, {}
    details = error.get("details")
    kind = _text(error.get("type"))
    code = (_text(details.get("error_code")) if isinstance(details, dict) else None) or kind
    facts = {
        "code": code,
        "request_id": _text(holder.get("request_id")),
        "retryable": False if {kind, code} & _NO_CREDIT else None,
    }
    message = error.get("message") or error.get("detail") or "no explanation"
    return str(message)[:2000], kind, facts


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
