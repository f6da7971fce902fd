"""Which errors another endpoint may mend, and how those of all endpoints are told together.

| error | another endpoint is asked |
|---|---|
| TransportError: no connection, broken, circuit open, stream cut short | yes, before the first piece |
| UnavailableError: 5xx, 408 | yes |
| RateLimitError, once the kernel would have to wait too long | yes |
| AuthError | yes: the other one has a credential of its own |
| DecodeError | yes |
| ResourceExhaustedError: a queue or a limit of ours is full | yes |
| DeadlineError of an attempt or of a queue | yes, while there is time |
| DeadlineError of the whole call | no |
| BadRequestError 402, 404, 410, 413, or a code of ``_OF_THE_MODEL`` | yes: it is about the account or model |
| BadRequestError | no: the request is wrong |
| ProviderError of another kind | yes, unless it says that trying again is no use |
| ValidationError before anything was sent: the API cannot express the request | yes |
| anything else: ValidationError, a budget, cancellation, faults of ours | no |
"""

from __future__ import annotations

from collections.abc import Sequence

from graphbit_core.errors import (
    AuthError,
    BadRequestError,
    DeadlineError,
    DecodeError,
    GraphBitError,
    ProviderError,
    RateLimitError,
    ResourceExhaustedError,
    TransportError,
    UnavailableError,
)
from graphbit_core.llm.endpoints.endpoint import Endpoint

_ALWAYS = (TransportError, UnavailableError, RateLimitError, AuthError, DecodeError, ResourceExhaustedError)
_OF_THE_MODEL = frozenset({"context_length_exceeded", "model_not_found", "model_not_supported"})
"""Codes of 400s that say something about the model, not about the request."""
_STATUS_OF_THE_MODEL = frozenset({402, 404, 410, 413})


def another_may_do(error: GraphBitError) -> bool:
    """Whether another endpoint may answer what this one did not; see the table above."""
    if isinstance(error, _ALWAYS):
        return True
    if isinstance(error, DeadlineError):
        return error.phase != "total"
    if isinstance(error, BadRequestError):
        return error.status in _STATUS_OF_THE_MODEL or error.code in _OF_THE_MODEL
    return isinstance(error, ProviderError) and error.retryable is not False


def reported(errors: Sequence[tuple[Endpoint, GraphBitError]]) -> GraphBitError:
    """The last error, with those of the endpoints before it as notes and as its context."""
    last = errors[-1][1]
    told = [last]
    for endpoint, error in reversed(errors[:-1]):
        if all(error is not other for other in told):
            told[-1].__context__ = error
            told.append(error)
        last.add_note(f"before it, {endpoint.name}: {type(error).__name__}: {error.message}")
    return last
