"""What calls of one model behind HTTP share, whatever is asked of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from graphbit_core.errors import GraphBitError, ValidationError
from graphbit_core.kernel import check_policy
from graphbit_core.kernel.calls import CallSpec, engine, limit, protect as set_protection
from graphbit_core.llm.calls.exchange import A, Dialect, Exchange, Observe, Origin
from graphbit_core.llm.redact import secrets_of
from graphbit_core.types.http import Framing, HttpRequest

TOKENS_PER_BYTE = 0.25
"""Of a request's body, for the limit on tokens."""
Policy = Mapping[str, float | int]
"""Bounds of a call, by name."""
TIMEOUT = 600.0
"""Seconds that a call may take where nobody says how many."""


def check_timeout(timeout: float | None) -> None:
    """Raises ValidationError unless it is above 0, or None."""
    if timeout is not None and not timeout > 0:
        raise ValidationError(f"timeout is {timeout}; it must be above 0 seconds", field="timeout")


class HttpCalls:
    """Makes the calls of one model.

    Args:
        provider: Name of the provider, for errors.
        model: Name of the model, for errors.
        resource: The account, whose calls share a breaker and a retry budget.
        limiter: What shares permits and rates: the account and the model.
        policy: Bounds of every call.
        limits: Limits of ``limiter``, for the whole process.
        protect: Breaker and retry budget of ``resource``, for the whole process.
    """

    def __init__(
        self,
        *,
        provider: str,
        model: str,
        resource: str,
        limiter: str,
        policy: Policy,
        limits: Mapping[str, float | int],
        protect: Mapping[str, float | int],
    ) -> None:
        self._origin = Origin(provider, model, resource=resource)
        self._resource, self._limiter = resource, limiter
        self._policy = dict(policy)
        check_policy(self._policy)
        if limits:
            limit(limiter, limits)
        if protect:
            set_protection(resource, protect)

    def get_stats(self) -> dict[str, Any]:
        """The kernel's figures for the resource and, as ``limiter``, those for the limiter."""
        figures = engine().stats(self._resource)
        state = figures.pop("breaker")
        limiter = engine().limiter_stats(self._limiter)
        return {"circuit_breaker_state": state, **figures, "limiter": limiter}

    def _encoded(self, encode: Callable[[], HttpRequest]) -> HttpRequest:
        """What ``encode`` returns; the errors that it raises say whose they are."""
        try:
            return encode()
        except GraphBitError as error:
            self._origin.sign(error)
            raise

    def _call(
        self,
        http: HttpRequest,
        dialect: Dialect[A],
        deadline: float,
        *,
        written: int = 0,
        framing: Framing | None = None,
        policy: Policy | None = None,
        observe: Observe | None = None,
    ) -> tuple[CallSpec, Exchange[A]]:
        """A call that may begin. ``written``: the most tokens of the answer; ``policy`` goes first."""
        tokens = int(len(http.body) * TOKENS_PER_BYTE) + written
        merged = {**self._policy, **policy} if policy else self._policy
        spec = CallSpec(
            self._resource,
            http,
            framing,
            tokens,
            deadline,
            merged,
            limiter=self._limiter,
            notices=observe is not None,
        )
        secrets = partial(secrets_of, http.url, http.headers)
        origin = Origin(self._origin.provider, self._origin.model, secrets, self._resource)
        return spec, Exchange(dialect, origin, observe)
