"""Tokens and money of a call, wherever a server writes them."""

from __future__ import annotations

from typing import Any

from graphbit_core import Usage
from graphbit_core.wire import count
from graphbit_openai.quirks import Quirks

_OPENAI = Quirks()


def read_usage(usage: Any, quirks: Quirks = _OPENAI) -> Usage:
    """Tokens; zeros where nothing is said."""
    if not isinstance(usage, dict):
        return Usage()
    prompt, completion = usage.get("prompt_tokens_details"), usage.get("completion_tokens_details")
    output, reasoning = count(usage, "completion_tokens"), count(completion, "reasoning_tokens")
    reasoning = reasoning or count(usage, "reasoning_tokens")
    return Usage(
        input_tokens=count(usage, "prompt_tokens"),
        output_tokens=output + (reasoning if quirks.reasoning_apart else 0),
        cached_tokens=count(prompt, "cached_tokens")
        or count(usage, "cached_tokens")  # Moonshot
        or count(usage, "prompt_cache_hit_tokens"),  # DeepSeek
        cache_write_tokens=count(prompt, "cache_write_tokens"),
        reasoning_tokens=reasoning,
        cost=_cost(usage, quirks) if quirks.cost else None,
    )


def _cost(usage: Any, quirks: Quirks) -> float | None:
    for name in quirks.cost.split("."):
        usage = usage.get(name) if isinstance(usage, dict) else None
    if isinstance(usage, bool) or not isinstance(usage, int | float) or not 0 <= usage < 1e30:
        return None
    return usage * quirks.cost_unit
