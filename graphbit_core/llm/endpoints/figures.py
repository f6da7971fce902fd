"""The statistics of a client."""

from __future__ import annotations

from typing import Any

from graphbit_core.llm.endpoints.setup import Setup

_SUMS = ("calls", "failures", "retries", "in_flight", "queued")
_BREAKERS = ("closed", "half_open", "open")
"""From good to bad; of several endpoints the worst is told."""


def stats_of(setup: Setup, now: float) -> dict[str, Any]:
    """See ``LlmClient.get_stats``."""
    by_name: dict[str, dict[str, Any]] = {}
    accounts: dict[str, dict[str, Any]] = {}
    for endpoint in setup.endpoints:
        account = endpoint.chat.get_stats()
        accounts[endpoint.resource or endpoint.name] = account
        by_name[endpoint.name] = {**endpoint.meter.figures(now), **account}
    found: dict[str, Any] = setup.meter.figures(now)
    for name in _SUMS:
        found[name] = sum(account[name] for account in accounts.values())
    states = [account["circuit_breaker_state"] for account in accounts.values()]
    found["circuit_breaker_state"] = max(states, key=_BREAKERS.index)
    found["endpoints"] = by_name
    if setup.cache is not None:
        found["cache"] = setup.cache.get_stats()
    return found


def reset(setup: Setup, now: float) -> None:
    """Counts anew."""
    setup.meter.reset(now)
    for endpoint in setup.endpoints:
        endpoint.meter.reset(now)
