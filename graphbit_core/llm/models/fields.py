"""What a file of the registry may say: each key, and what its value must be."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from graphbit_core.contracts.provider import CAPABILITIES
from graphbit_core.nearest import nearest

Check = Callable[[Any], str]
"""Says what a value must be, or nothing if it is that."""


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def _count(value: Any) -> str:
    good = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    return "" if good else "must be a whole number of at least 1"


def _natural(value: Any) -> str:
    good = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return "" if good else "must be a whole number of at least 0"


def _whole(value: Any) -> str:
    return "" if isinstance(value, int) and not isinstance(value, bool) else "must be a whole number"


def _price(value: Any) -> str:
    good = _number(value) and 0 <= value < float("inf")
    return "" if good else "must be US dollars per million tokens, 0 or more"


def _positive(value: Any) -> str:
    return "" if _number(value) and 0 < value < float("inf") else "must be a number above 0"


def _share(value: Any) -> str:
    return "" if _number(value) and 0 < value <= 1 else "must be a share above 0, at most 1"


def _between(low: float, high: float) -> Check:
    return lambda value: (
        "" if _number(value) and low <= value <= high else f"must be a number from {low} to {high}"
    )


def _text(value: Any) -> str:
    return "" if isinstance(value, str) and value.strip() else "must be a text"


def _flag(value: Any) -> str:
    return "" if isinstance(value, bool) else "must be true or false"


def _switch(value: Any) -> str:
    return "" if isinstance(value, bool | int) and value in (0, 1) else "must be true or false"


def _texts(value: Any) -> str:
    good = isinstance(value, list) and all(isinstance(one, str) and one for one in value)
    return "" if good else "must be a list of texts"


def _mapping(value: Any) -> str:
    return "" if isinstance(value, Mapping) else "must be a mapping"


def _day(value: Any) -> str:
    good = isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value)
    return "" if good else "must be a day such as 2026-11-21"


def _one_of(*known: str) -> Check:
    return lambda value: "" if value in known else f"must be one of {', '.join(known)}"


def _capabilities(value: Any) -> str:
    if wrong := _texts(value):
        return wrong
    unknown = [one for one in value if one not in CAPABILITIES]
    have = f"it is none of {', '.join(sorted(CAPABILITIES))}"
    return f"lists {unknown[0]!r}{nearest(unknown[0], CAPABILITIES)}; {have}" if unknown else ""


def reference(value: Any) -> str:
    """It names an environment variable."""
    good = isinstance(value, str) and re.fullmatch(r"env:[A-Za-z_][A-Za-z0-9_]*", value)
    return "" if good else "must be env:NAME, the environment variable that holds it; no file may hold a key"


PRICES: Mapping[str, Check] = {
    "input": _price, "output": _price, "cached_input": _price, "cache_write": _price
}  # fmt: skip
LONG_PRICES: Mapping[str, Check] = {**PRICES, "above": _count}
POLICY: Mapping[str, Check] = {
    **dict.fromkeys(
        ("connect_timeout", "first_byte_timeout", "idle_timeout", "progress_timeout", "attempt_timeout"),
        _positive,
    ),
    **dict.fromkeys(("backoff_base", "backoff_cap", "max_retry_after"), _positive),
    **dict.fromkeys(("max_attempts", "max_body", "max_frame", "max_stream"), _count),
    "restart_streams": _switch,
}
LIMITS: Mapping[str, Check] = {
    **dict.fromkeys(("max_concurrency", "queue"), _count),
    **dict.fromkeys(
        ("requests_per_minute", "tokens_per_minute", "queue_target", "queue_interval"), _positive
    ),
    "adaptive": _switch,
}
PROTECT: Mapping[str, Check] = {
    **dict.fromkeys(("breaker_window", "breaker_open", "breaker_open_max", "slow_after"), _positive),
    **dict.fromkeys(("breaker_min_calls", "breaker_consecutive", "breaker_probes"), _count),
    **dict.fromkeys(("breaker_ratio", "slow_ratio"), _share),
    "retry_ratio": _between(0, 1),
    "retry_floor": _natural,
}
REQUEST: Mapping[str, Check] = {
    "max_tokens": _count,
    "temperature": _between(0, 2),
    "top_p": _between(0, 1),
    "stop": _texts,
    "seed": _whole,
    "reasoning_effort": _text,
    "parallel_tool_calls": _flag,
    "cache": _flag,
    "extra": _mapping,
}
"""Fields of ``ChatRequest``."""
CONNECTION: Mapping[str, Check] = {
    "base_url": _text, "api_key": reference, "allow_insecure": _flag, "settings": _mapping
}  # fmt: skip
"""What goes to the provider, and to no other one. In ``settings`` are those that only it has."""
SETTINGS: Mapping[str, Check] = {
    **CONNECTION, **REQUEST, "timeout": _positive, "policy": _mapping, "limits": _mapping,
    "protect": _mapping,
}  # fmt: skip
MODEL: Mapping[str, Check] = {
    "aliases": _texts,
    "api": _one_of("chat", "responses", "embed"),
    "context_window": _count,
    "max_output_tokens": _count,
    "prices": _mapping,
    "long_prices": _mapping,
    "capabilities": _capabilities,
    "sampling": _flag,
    "tokenizer": _text,
    "dimensions": _count,
    "released": _day,
    "retires": _day,
    "successor": _text,
    **SETTINGS,
}
ALIAS: Mapping[str, Check] = {"model": _text, **SETTINGS}
PROVIDER: Mapping[str, Check] = {"provider": _text, "prices": _mapping, **SETTINGS}
TABLES: Mapping[str, Mapping[str, Check]] = {"models": MODEL, "aliases": ALIAS, "providers": PROVIDER}
INNER: Mapping[str, Mapping[str, Check]] = {
    "prices": PRICES, "long_prices": LONG_PRICES, "policy": POLICY, "limits": LIMITS,
    "protect": PROTECT,
}  # fmt: skip
"""Mappings inside an entry whose keys are known too."""
