"""The settings that decide what is written into a request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from graphbit_core import ValidationError, check_whole_number

Thinking = Literal["adaptive", "budget"]
Display = Literal["summarized", "omitted"]
CacheTtl = Literal["5m", "1h"]
MAX_TOKENS = 8192
MIN_BUDGET = 1024
BUDGETS: Mapping[str, int] = {"low": 2048, "medium": 8192, "high": 16384, "xhigh": 24576, "max": 32768}

_MODEL = re.compile(r"claude-(?:[a-z]+-)?(\d{1,2})(?:-(\d{1,2}))?(?!\d)")
_LAST_WITH_BUDGETS = (4, 5)


@dataclass(frozen=True, slots=True)
class Options:
    """See AnthropicProvider for what each means."""

    max_tokens: int = MAX_TOKENS
    sampling: bool = True
    thinking: Thinking | None = None
    budgets: Mapping[str, int] = field(default_factory=lambda: BUDGETS)
    thinking_display: Display | None = None
    strict_tools: bool = False
    cache_ttl: CacheTtl | None = None

    def __post_init__(self) -> None:
        check_whole_number("max_tokens", self.max_tokens, 1)
        _one_of("thinking", self.thinking, ("adaptive", "budget"))
        _one_of("thinking_display", self.thinking_display, ("summarized", "omitted"))
        _one_of("cache_ttl", self.cache_ttl, ("5m", "1h"))
        for effort, budget in self.budgets.items():
            check_whole_number(f"budgets[{effort!r}]", budget, MIN_BUDGET)

    def thinks_by_budget(self, model: str) -> bool:
        """Whether ``model`` is told a budget of tokens, as models up to 4.5 are, and not an effort."""
        if self.thinking is not None:
            return self.thinking == "budget"
        version = _MODEL.search(model)
        return version is not None and (int(version[1]), int(version[2] or 0)) <= _LAST_WITH_BUDGETS


def _one_of(name: str, value: Any, allowed: tuple[str, ...]) -> None:
    if value is not None and value not in allowed:
        raise ValidationError(f"{name} is {value!r}; use {' or '.join(map(repr, allowed))}", field=name)
