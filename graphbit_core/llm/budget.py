"""Budgets: tokens, money and calls that may be used up, and not one more."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from graphbit_core.errors import BudgetExceededError, ConfigError, ValidationError
from graphbit_core.types.messages import Usage

if TYPE_CHECKING:
    from graphbit_core.llm.calls.exchange import Observe

_NANO = 1_000_000_000
"""Money is counted in whole billionths of a dollar, so that a sum of many is exact."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What was used, or is left; ``usd`` are US dollars. None: without a bound."""

    tokens: int | None = 0
    usd: float | None = 0.0
    calls: int | None = 0


class Budget:
    """What calls may use up in all. Safe to share between clients, threads and event loops.

    A call reserves the most that it can use before it is sent, and settles for what it really used. What does
    not fit beside what is used and reserved is refused, so that calls at the same time never exceed it. Only
    a call that used more than it had reserved can; then nothing fits any more.

    Args:
        tokens: Tokens, input and output.
        usd: US dollars.
        calls: Model calls; retries of one call do not count.

    Raises:
        ValidationError: A bound is not above 0, or none is given.
    """

    def __init__(
        self, *, tokens: int | None = None, usd: float | None = None, calls: int | None = None
    ) -> None:
        if tokens is None and usd is None and calls is None:
            raise ValidationError("a budget bounds nothing; give tokens, usd or calls", field="tokens")
        _check("tokens", tokens, whole=True)
        _check("usd", usd, whole=False)
        _check("calls", calls, whole=True)
        self._limits = {"tokens": tokens, "usd": None if usd is None else round(usd * _NANO), "calls": calls}
        self._used = dict.fromkeys(self._limits, 0)
        self._reserved = dict.fromkeys(self._limits, 0)
        self._lock = threading.Lock()

    def reserve(self, tokens: int, usd: float | None, model: str = "") -> Reservation:
        """Sets aside what one call may use; nothing else can use that until it is settled or released.

        Args:
            tokens: The most tokens that it can use, input and output.
            usd: What these cost; None: the price is not known.
            model: The model, ``provider:model``, for messages.

        Raises:
            BudgetExceededError: It does not fit.
            ConfigError: The budget is in US dollars, and the price is not known.
        """
        if usd is None and self._limits["usd"] is not None:
            raise unknown_price(model)
        asked = {"tokens": tokens, "usd": _nano(usd or 0.0), "calls": 1}
        with self._lock:
            for cap, limit in self._limits.items():
                taken = self._used[cap] + self._reserved[cap]
                if limit is not None and taken + asked[cap] > limit:
                    raise _exceeded(cap, limit, taken, asked[cap])
            for cap, amount in asked.items():
                self._reserved[cap] += amount
        return Reservation(self, asked)

    @property
    def used(self) -> Spent:
        """What settled calls have used."""
        with self._lock:
            return Spent(self._used["tokens"], self._used["usd"] / _NANO, self._used["calls"])

    @property
    def remaining(self) -> Spent:
        """What is neither used nor reserved; below 0 once a call used more than it had reserved."""
        with self._lock:
            left = {
                cap: None if limit is None else limit - self._used[cap] - self._reserved[cap]
                for cap, limit in self._limits.items()
            }
        usd = left["usd"]
        return Spent(left["tokens"], None if usd is None else usd / _NANO, left["calls"])

    def __repr__(self) -> str:
        limits = {cap: limit for cap, limit in self._limits.items() if limit is not None}
        if "usd" in limits:
            limits["usd"] = limits["usd"] / _NANO  # type: ignore[assignment]
        return f"Budget({', '.join(f'{cap}={limit}' for cap, limit in limits.items())})"

    def _close(self, reserved: dict[str, int], used: dict[str, int]) -> None:
        with self._lock:
            for cap, amount in reserved.items():
                self._reserved[cap] -= amount
                self._used[cap] += used[cap]


class Reservation:
    """What one call has set aside. It ends once: settled, or released; leaving its block releases it."""

    def __init__(self, budget: Budget, asked: dict[str, int]) -> None:
        self._budget = budget
        self._asked = asked
        self._open = threading.Lock()

    def settle(self, usage: Usage, cost: float | None) -> None:
        """The call is over; only what it used counts. What it does not say counts as reserved.

        Args:
            usage: Tokens that it used.
            cost: US dollars; None: not known.
        """
        tokens = usage.total_tokens or self._asked["tokens"]
        usd = self._asked["usd"] if cost is None else _nano(cost)
        self._end({"tokens": tokens, "usd": usd, "calls": 1})

    def release(self) -> None:
        """The call failed and used nothing; all that was set aside is free again."""
        self._end({"tokens": 0, "usd": 0, "calls": 0})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def _end(self, used: dict[str, int]) -> None:
        if self._open.acquire(blocking=False):  # never given back: it ends once
            self._budget._close(self._asked, used)


def reserve(
    budget: Budget, tokens: int, usd: float | None, model: str, observe: Observe | None
) -> Reservation:
    """As ``Budget.reserve``; ``observe`` is told ``budget.exceeded`` where there is no room."""
    try:
        return budget.reserve(tokens, usd, model)
    except BudgetExceededError as error:
        if observe is not None:
            observe("budget.exceeded", {"cap": error.cap, "limit": error.limit, "used": error.used})
        raise


def unknown_price(model: str) -> ConfigError:
    """A cap in US dollars cannot hold where nobody knows what a call costs."""
    setting = f"models.{model or 'provider:model'}.prices"
    return ConfigError(
        f"the price of {model or 'the model'} is not known, so a cap in US dollars cannot hold; say it in a "
        f"file of the registry: {setting}: {{input: …, output: …}}, US dollars per million tokens",
        setting=setting,
    )


def _nano(usd: float) -> int:
    return math.ceil(round(usd * _NANO, 3))


def _exceeded(cap: str, limit: int, used: int, asked: int) -> BudgetExceededError:
    scale = _NANO if cap == "usd" else 1
    facts = {"limit": limit / scale, "used": used / scale, "asked": asked / scale}
    limit_text, used_text, asked_text = (_written(value) for value in facts.values())
    mend = "" if cap == "calls" else "; a smaller max_tokens reserves less"
    message = (
        f"the call is not sent: it may use {asked_text} {cap}, and {used_text} of the budget's {limit_text} "
        f"are used or reserved{mend}"
    )
    return BudgetExceededError(message, cap=cap, **facts)


def _written(value: float) -> str:
    """In full, as nobody reads 3.2e-05 as money."""
    return f"{value:.9f}".rstrip("0").rstrip(".")


def _check(name: str, value: float | None, *, whole: bool) -> None:
    kinds = int if whole else int | float
    right = isinstance(value, kinds) and not isinstance(value, bool) and 0 < value < math.inf
    if value is not None and not right:
        what = "a whole number, at least 1" if whole else "a number above 0"
        raise ValidationError(f"the budget's {name} is {value!r}; it must be {what}", field=name)
