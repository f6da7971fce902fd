"""What the API's errors mean, as replies, inside streams and inside 2xx bodies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from graphbit_core import AuthError, HttpResponse, ProviderError, error_for_status
from graphbit_core.wire import error_body

_STATUS_OF = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNKNOWN": 500,
    "DATA_LOSS": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
_BAD_KEY = frozenset({"API_KEY_INVALID", "API_KEY_EXPIRED"})
"""Sent with 400; it is the credential that was refused all the same."""
_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:h|ms|m|us|s))+")
_PIECE = re.compile(r"([0-9]+(?:\.[0-9]+)?)(h|ms|m|us|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 0.000001}


def read_error(response: HttpResponse) -> ProviderError:
    """The error that a status other than 2xx stands for."""
    body = error_body(response)
    error = error_of(body)
    if error is None:
        error = body if isinstance(body, str) else response.body[:200].decode("utf-8", "replace")
    return _error(error, response.status, f"HTTP {response.status}: ")


def error_in_body(error: Any, status: int | None = None) -> ProviderError:
    """The error that came where an answer was due; its class is told by its code and status."""
    told = error.get("code") if isinstance(error, dict) else None
    if type(told) is not int or not 400 <= told <= 599:
        told = _STATUS_OF.get(str(error.get("status")), 0) if isinstance(error, dict) else 0
    found = _error(error, told)
    found.status = status
    return found


def error_of(body: Any) -> Any:
    """The error that a body holds, also one wrapped in an array; None if there is none."""
    if isinstance(body, list) and body:
        body = body[0]
    return body.get("error") if isinstance(body, dict) else None


def _error(error: Any, status: int, prefix: str = "") -> ProviderError:
    if not isinstance(error, dict):
        return error_for_status(status, prefix + (str(error)[:500] or "no explanation"))
    details = [part for part in _list(error.get("details")) if isinstance(part, dict)]
    reason = next((str(part["reason"]) for part in details if part.get("reason")), None)
    message = prefix + str(error.get("message") or "no explanation")[:2000]
    facts: dict[str, Any] = {
        "code": reason or (str(error["status"]) if error.get("status") else None),
        "retry_after": next(
            (s for part in details if (s := seconds(part.get("retryDelay"))) is not None), None
        ),
        "retryable": False if any(map(_is_spent, _violations(details))) else None,
    }
    if reason in _BAD_KEY:
        return AuthError(message, status=status, **facts)
    return error_for_status(status, message, **facts)


def _violations(details: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for part in details:
        yield from (v for v in _list(part.get("violations")) if isinstance(v, dict) and v.get("quotaId"))


def _is_spent(violation: dict[str, Any]) -> bool:
    """Whether waiting is no use: a quota of the day, or none at all (JSON of protobuf leaves out a zero)."""
    return "PerDay" in str(violation["quotaId"]) or str(violation.get("quotaValue", "0")) == "0"


def seconds(duration: Any) -> float | None:
    """``46s``, ``1.5s`` or ``10h17m`` in seconds; None for what is no duration."""
    if not isinstance(duration, str) or not _DURATION.fullmatch(duration):
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in _PIECE.findall(duration))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
