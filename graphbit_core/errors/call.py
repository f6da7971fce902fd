"""Errors of calls to model APIs and other servers."""

from __future__ import annotations

from collections.abc import Sequence

from graphbit_core.errors.base import Finding, GraphBitError

_CALL_FACTS = ("provider", "model", "status", "code", "retry_after", "attempts", "request_id")


class ProviderError(GraphBitError):
    """A model API answered with an error.

    Attributes:
        status: HTTP status, None if the error came inside a stream.
        code: The API's own error code.
        retry_after: Seconds the API asked to wait.
        attempts: How many attempts were made, the first one counted.
        retryable: True or False where the API or its codec decides; None leaves it to the status.
    """

    _facts: tuple[str, ...] = (*_CALL_FACTS, "retryable")
    provider: str | None
    model: str | None
    status: int | None
    code: str | None
    retry_after: float | None
    attempts: int | None
    request_id: str | None
    retryable: bool | None


class AuthError(ProviderError, PermissionError):
    """401 or 403: the credential was refused."""


class RateLimitError(ProviderError):
    """429: too many requests, or the quota is used up."""


class BadRequestError(ProviderError):
    """The request itself was refused; sending it again will not help."""


class UnavailableError(ProviderError):
    """The service could not serve: 5xx or 408."""


class TransportError(GraphBitError, ConnectionError):
    """No usable answer arrived: the connection failed, or broke before the reply was complete."""

    _facts: tuple[str, ...] = (*_CALL_FACTS, "phase")
    provider: str | None
    model: str | None
    status: int | None
    code: str | None
    retry_after: float | None
    attempts: int | None
    request_id: str | None
    phase: str | None


class CircuitOpenError(TransportError):
    """Not sent: this resource failed too often just now. ``retry_after`` says when it is tried again."""


class StreamInterruptedError(TransportError):
    """A stream ended before its end. ``partial`` is the text that had arrived; it is not an answer."""

    _facts: tuple[str, ...] = (*TransportError._facts, "partial")
    partial: str | None


class HttpStatusError(GraphBitError):
    """A server answered with a status that was not expected; ``excerpt`` shows how its body begins."""

    _facts: tuple[str, ...] = ("status", "retry_after", "excerpt", "retryable")
    status: int | None
    retry_after: float | None
    excerpt: str | None


class EgressError(GraphBitError):
    """The call, or a redirect of it, was to go where it may not. Nothing was sent to ``host``.

    ``reason`` is a kind of address (``private``, ``loopback``, ``link_local``, ``cgnat``, ``metadata``,
    ``multicast``, ``unspecified``, ``documentation``, ``benchmark``, ``mapped``, ``tunnelled``, ``reserved``)
    or ``not_listed``, ``scheme``, ``user_info``, ``downgrade``, ``redirects``, ``location``.
    """

    _facts: tuple[str, ...] = ("host", "reason", "attempts")
    host: str | None
    reason: str | None
    attempts: int | None


class DeadlineError(GraphBitError, TimeoutError):
    """Time ran out. ``phase``: ``queue``, ``connect``, ``first_byte``, ``idle``, ``progress``, ``attempt`` or
    ``total``; ``timeout``: the limit that was reached, in seconds.
    """

    _facts: tuple[str, ...] = (*_CALL_FACTS, "phase", "timeout")
    provider: str | None
    model: str | None
    attempts: int | None
    retry_after: float | None
    phase: str | None
    timeout: float | None


class DecodeError(GraphBitError):
    """An answer arrived that is not what its API promises; ``excerpt`` shows its beginning."""

    _facts: tuple[str, ...] = (*_CALL_FACTS, "excerpt")
    provider: str | None
    model: str | None
    status: int | None
    attempts: int | None
    excerpt: str | None


class StructuredOutputError(GraphBitError):
    """A model's answer is not the JSON that was asked for, also after it was told what is wrong with it.

    Attributes:
        attempts: How often it was asked.
        text: Its last answer.
        findings: What is wrong with that.
    """

    _facts: tuple[str, ...] = ("provider", "model", "attempts", "text", "findings")
    provider: str | None
    model: str | None
    attempts: int | None
    text: str | None
    findings: Sequence[Finding] | None
