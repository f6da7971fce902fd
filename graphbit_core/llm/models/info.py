"""What is known about a model, and what a name of one means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from graphbit_core.types.messages import Usage

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars per million tokens; None: not known.

    Attributes:
        input: Input that came from no cache.
        output: Output, reasoning included.
        cached_input: Input that came from the provider's cache; None: as ``input``.
        cache_write: Input that went into it; None: as ``input``.
        above: These prices hold for calls with more input tokens than this.
    """

    input: float | None = None
    output: float | None = None
    cached_input: float | None = None
    cache_write: float | None = None
    above: int = 0

    def cost(self, usage: Usage) -> float | None:
        """US dollars for ``usage``; None if a price that it needs is not known."""
        fresh = max(0, usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens)
        parts = (
            (fresh, self.input),
            (usage.cached_tokens, self.input if self.cached_input is None else self.cached_input),
            (usage.cache_write_tokens, self.input if self.cache_write is None else self.cache_write),
            (usage.output_tokens, self.output),
        )
        total = 0.0
        for tokens, price in parts:
            if tokens and price is None:
                return None
            total += tokens * (price or 0.0)
        return total / _MILLION


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """How a model is called, as configuration has it; what a caller says itself goes before it.

    Attributes:
        provider: Settings of the provider, such as ``base_url`` and ``api_key``.
        request: Fields of ``ChatRequest``, such as ``temperature``.
        policy: Bounds of a call, as ``LlmClient`` takes them.
        limits: Limits of the account and model, as ``LlmClient`` takes them.
        protect: Breaker and retry budget of the account, as ``LlmClient`` takes them.
        timeout: Seconds that one call may take in all; None: nothing is said.
    """

    provider: Mapping[str, Any] = field(default_factory=dict)
    request: Mapping[str, Any] = field(default_factory=dict)
    policy: Mapping[str, float | int] = field(default_factory=dict)
    limits: Mapping[str, float | int] = field(default_factory=dict)
    protect: Mapping[str, float | int] = field(default_factory=dict)
    timeout: float | None = None

    def bounded(self, bounds: Mapping[str, Mapping[str, float | int]]) -> ModelSettings:
        """With these ``policy``, ``limits`` and ``protect``, which go before its own, key by key."""
        merged: dict[str, Any] = {name: {**getattr(self, name), **said} for name, said in bounds.items()}
        return replace(self, **merged)


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Facts about one model of one provider. None, or an empty text: not known.

    Attributes:
        name: As the provider calls it.
        provider: Whose model it is.
        aliases: Other names that the provider has for it.
        api: Which API it speaks: ``chat``, ``responses`` (and no other), or ``embed``.
        context_window: Most tokens of input; with many models the output has to fit in as well.
        max_output_tokens: Most tokens of one answer.
        prices: What it costs.
        long_prices: What it costs instead from ``long_prices.above`` input tokens on.
        capabilities: Of ``CAPABILITIES`` in the provider's contract, those that the model is known to have;
            that one is missing proves nothing.
        sampling: Whether it takes ``temperature`` and ``top_p``.
        tokenizer: Name of the component that counts as it does.
        dimensions: Length of an embedder's vectors, if not asked for another.
        released: Day it came out, ``2026-09-29``.
        retires: Day from which it is not served any more.
        successor: What takes its place, as ``provider:model``.
        settings: How it is called.
    """

    name: str
    provider: str
    aliases: tuple[str, ...] = ()
    api: str = "chat"
    context_window: int | None = None
    max_output_tokens: int | None = None
    prices: Prices | None = None
    long_prices: Prices | None = None
    capabilities: frozenset[str] = frozenset()
    sampling: bool | None = None
    tokenizer: str = ""
    dimensions: int | None = None
    released: str = ""
    retires: str = ""
    successor: str = ""
    settings: ModelSettings = field(default_factory=ModelSettings, repr=False, hash=False)

    @property
    def id(self) -> str:
        """``provider:model``."""
        return f"{self.provider}:{self.name}"

    @property
    def reasoning(self) -> bool:
        """Whether it is known to think before it answers."""
        return "reasoning" in self.capabilities

    @property
    def warning(self) -> str:
        """What whoever uses it should know: until when it is served, and what to use instead."""
        if not self.retires:
            return ""
        instead = f"; use {self.successor} instead" if self.successor else ""
        return f"{self.id} is served until {self.retires}{instead}"

    def cost(self, usage: Usage) -> float | None:
        """US dollars for one call: what the API said itself, else by the prices; None if not known."""
        if usage.cost is not None:
            return usage.cost
        prices = self.prices
        if self.long_prices is not None and usage.input_tokens > self.long_prices.above:
            prices = self.long_prices
        return prices.cost(usage) if prices is not None else None


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a name of a model means.

    Attributes:
        provider: The component that speaks with it, as it is installed.
        model: The provider's name of the model; empty: the provider's default.
        info: What is known about it.
        settings: How it is called: those of its provider, of the model, and of the alias, the later first.
    """

    provider: str
    model: str
    info: ModelInfo | None
    settings: ModelSettings = field(default_factory=ModelSettings, repr=False, hash=False)
