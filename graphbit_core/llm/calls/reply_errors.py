"""What an HTTP status means, and what reply headers add to an error; the same for every provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphbit_core import kernel
from graphbit_core.errors import AuthError, BadRequestError, ProviderError, RateLimitError, UnavailableError

_REQUEST_ID_HEADERS = ("x-request-id", "request-id", "x-amzn-requestid", "apim-request-id")
_FINAL_5XX = (501, 505)


def error_for_status(status: int, message: str, **facts: Any) -> ProviderError:
    """The error class that ``status`` (not 2xx) stands for, with ``facts`` of ProviderError."""
    return _class_of(status)(message, status=status, **facts)


def is_retryable(error: ProviderError) -> bool:
    """Whether sending the same request again may help: the codec's word, else the status."""
    if error.retryable is not None:
        return error.retryable
    if error.status is None or error.status < 400:
        return isinstance(error, RateLimitError | UnavailableError)
    if error.status >= 500:
        return error.status not in _FINAL_5XX
    return error.status in (408, 409, 425, 429)


def add_header_facts(error: ProviderError, headers: Mapping[str, str], now: float) -> None:
    """Fills in what the codec left open: the wait asked for, ``x-should-retry``, the request id.

    ``now`` is in seconds since the epoch; it is used for a ``retry-after`` date where the reply has no
    ``date`` of its own.
    """
    if error.retry_after is None:
        error.retry_after = retry_after(headers, now)
    if error.request_id is None:
        error.request_id = next((headers[name] for name in _REQUEST_ID_HEADERS if name in headers), None)
    verdict = headers.get("x-should-retry", "").strip().lower()
    if error.retryable is None and verdict in ("true", "false"):
        error.retryable = verdict == "true"


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait that ``headers`` ask for, in whatever form; None if they say nothing."""
    return kernel.retry_after(list(headers.items()), now)


def _class_of(status: int) -> type[ProviderError]:
    if status in (401, 403):
        return AuthError
    if status == 429:
        return RateLimitError
    if status >= 500 or status == 408:
        return UnavailableError
    if status >= 400:
        return BadRequestError
    return ProviderError
