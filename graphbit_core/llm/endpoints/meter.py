"""What calls came to: counts for people, and speeds for the router."""

from __future__ import annotations

import threading

from graphbit_core.errors import AuthError, CircuitOpenError, GraphBitError, RateLimitError
from graphbit_core.types.messages import Usage

_WEIGHT = 0.3
"""Of the newest measurement in a moving average."""
_REFUSED_REST = 60.0
"""Seconds that a credential is left alone after it was refused or its quota used up, with no time named."""


class Meter:
    """Counts calls. Safe to share between threads; times are ``time.monotonic``.

    Attributes:
        in_flight: Calls that go on.
        first_byte: Seconds until the first piece of a stream, a moving average; None before the first.
        total: The same until the whole answer.
        measured_at: When the last of these was measured.
        failed_in_a_row: Failures since the last answer.
        rests_until: Not to be asked before; 0 where it may be.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.in_flight = 0
        self.first_byte: float | None = None
        self.total: float | None = None
        self.measured_at = 0.0
        self.failed_in_a_row = 0
        self.rests_until = 0.0
        self.reset(0.0)

    def reset(self, now: float) -> None:
        """Counts anew from ``now``. What goes on, and what the router knows, stays."""
        with self._lock:
            self.since = now
            self.answered = self.failed = self.cached = 0
            self.seconds = 0.0
            self.input_tokens = self.output_tokens = 0
            self.cost: float | None = None

    def begin(self) -> None:
        """A call begins."""
        with self._lock:
            self.in_flight += 1

    def leave(self) -> None:
        """A call was left by whoever made it; neither an answer nor a failure."""
        with self._lock:
            self.in_flight -= 1

    def piece(self, seconds: float) -> None:
        """The first piece of a stream came after ``seconds``."""
        before = self.first_byte
        self.first_byte = seconds if before is None else before + _WEIGHT * (seconds - before)

    def answer(self, began: float, now: float, usage: Usage, cost: float | None = None) -> None:
        """A call that began at ``began`` was answered."""
        seconds = now - began
        with self._lock:
            self.in_flight -= 1
            self.answered += 1
            self.seconds += seconds
            self.input_tokens += usage.input_tokens
            self.output_tokens += usage.output_tokens
            if cost is not None:
                self.cost = (self.cost or 0.0) + cost
            self.total = seconds if self.total is None else self.total + _WEIGHT * (seconds - self.total)
            self.measured_at, self.failed_in_a_row, self.rests_until = now, 0, 0.0

    def hit(self, began: float, now: float) -> None:
        """A call was answered from the cache."""
        with self._lock:
            self.in_flight -= 1
            self.answered += 1
            self.cached += 1
            self.seconds += now - began

    def fail(self, began: float, now: float, error: Exception) -> None:
        """A call that began at ``began`` failed."""
        with self._lock:
            self.in_flight -= 1
            self.failed += 1
            self.seconds += now - began
            self.failed_in_a_row += 1
            if (rest := _rest_after(error)) > 0:
                self.rests_until = max(self.rests_until, now + rest)

    def figures(self, now: float) -> dict[str, float | int]:
        """The counts, by the names that ``LlmClient.get_stats`` has."""
        with self._lock:
            total = self.answered + self.failed
            return {
                "total_requests": total,
                "successful_requests": self.answered,
                "failed_requests": self.failed,
                "cached_requests": self.cached,
                "success_rate": self.answered / total if total else 0.0,
                "average_response_time_ms": self.seconds / total * 1000 if total else 0.0,
                "input_tokens": self.input_tokens,
                "output_tokens": self.output_tokens,
                "uptime_seconds": now - self.since,
                **({} if self.cost is None else {"cost": self.cost}),
            }


def _rest_after(error: Exception) -> float:
    """Seconds for which it makes no sense to ask the same credential again."""
    if not isinstance(error, RateLimitError | AuthError | CircuitOpenError):
        return 0.0
    if error.retry_after is not None:
        return error.retry_after
    final = isinstance(error, AuthError) or _is_final(error)
    return _REFUSED_REST if final else 0.0


def _is_final(error: GraphBitError) -> bool:
    return isinstance(error, RateLimitError) and error.retryable is False
