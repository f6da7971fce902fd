"""What an executor has done so far."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

from graphbit_core.types.plain import as_plain
from graphbit_core.workflow.limits import Limits
from graphbit_core.workflow.result import WorkflowResult

_OUTCOMES = {
    "succeeded": "successful",
    "succeeded_degraded": "degraded",
    "failed": "failed",
    "cancelled": "cancelled",
}


@dataclass(frozen=True, slots=True)
class ExecutorStats:
    """The runs of one executor since it was made, or since ``reset_stats()``.

    A run that a body of another run of this executor started is a *nested* run: its end is part of the outer
    one's, so it counts in ``nested_runs``, ``nodes_run`` and ``retries`` and nowhere else.

    Attributes:
        total_runs: Runs that have ended.
        successful_runs: Those that succeeded; ``degraded_runs`` are not among them.
        degraded_runs: Those that succeeded although a failure was dealt with on the way.
        failed_runs: Those that failed.
        cancelled_runs: Those that were cancelled, Ctrl-C included.
        shed_runs: Runs refused before any work; not among ``total_runs``.
        nested_runs: Runs that ended within others.
        in_flight: Runs that go on now.
        queued: Runs that wait for their turn now.
        average_ms: Time of a run, without its wait; None before the first, as ``min_ms`` and ``max_ms``.
        total_ms: Time of all runs together.
        nodes_run: Nodes that were started, nested runs' included.
        retries: Attempts of nodes after their first.
        success_rate: Share of ended runs that succeeded, degraded or not, from 0 to 1; None before the first.
        uptime_seconds: Time since the executor was made or its statistics were reset.
        preset: Name of the executor's preset.
        limits: The executor's limits.
    """

    total_runs: int
    successful_runs: int
    degraded_runs: int
    failed_runs: int
    cancelled_runs: int
    shed_runs: int
    nested_runs: int
    in_flight: int
    queued: int
    average_ms: float | None
    min_ms: float | None
    max_ms: float | None
    total_ms: float
    nodes_run: int
    retries: int
    success_rate: float | None
    uptime_seconds: float
    preset: str
    limits: Limits

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON types."""
        return {key: as_plain(getattr(self, key)) for key in self.__slots__}


@dataclass(slots=True)
class _Sums:
    since: float = field(default_factory=time.monotonic)
    successful: int = 0
    degraded: int = 0
    failed: int = 0
    cancelled: int = 0
    shed: int = 0
    nested: int = 0
    seconds: float = 0.0
    shortest: float = float("inf")
    longest: float = 0.0
    nodes: int = 0
    retries: int = 0

    @property
    def ended(self) -> int:
        return self.successful + self.degraded + self.failed + self.cancelled


class RunCounter:
    """Counts the runs of one executor; any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums = _Sums()

    def reset(self) -> None:
        """Starts anew."""
        with self._lock:
            self._sums = _Sums()

    def shed(self) -> None:
        """Counts a run that was refused."""
        with self._lock:
            self._sums.shed += 1

    def ended(self, end: WorkflowResult | BaseException, seconds: float, *, nested: bool) -> None:
        """Counts a run that gave a result, or was broken off by an exception."""
        outcome, nodes, retries = _outcome(end)
        with self._lock:
            sums = self._sums
            sums.nodes += nodes
            sums.retries += retries
            if nested:
                sums.nested += 1
                return
            setattr(sums, outcome, getattr(sums, outcome) + 1)
            sums.seconds += seconds
            sums.shortest = min(sums.shortest, seconds)
            sums.longest = max(sums.longest, seconds)

    def average_seconds(self) -> float | None:
        """Time of a run; None before the first."""
        with self._lock:
            return self._sums.seconds / self._sums.ended if self._sums.ended else None

    def snapshot(self, **now: Any) -> ExecutorStats:
        """All figures; ``now`` are those that others know."""
        with self._lock:
            sums = self._sums
            ended = sums.ended
            return ExecutorStats(
                total_runs=ended,
                successful_runs=sums.successful,
                degraded_runs=sums.degraded,
                failed_runs=sums.failed,
                cancelled_runs=sums.cancelled,
                shed_runs=sums.shed,
                nested_runs=sums.nested,
                average_ms=1000 * sums.seconds / ended if ended else None,
                min_ms=1000 * sums.shortest if ended else None,
                max_ms=1000 * sums.longest if ended else None,
                total_ms=1000 * sums.seconds,
                nodes_run=sums.nodes,
                retries=sums.retries,
                success_rate=(sums.successful + sums.degraded) / ended if ended else None,
                uptime_seconds=time.monotonic() - sums.since,
                **now,
            )


def _outcome(end: WorkflowResult | BaseException) -> tuple[str, int, int]:
    if isinstance(end, WorkflowResult):
        return _OUTCOMES[end.state], end.nodes_run, end.retries
    # What is not an Exception is CancelledError, KeyboardInterrupt or the closing of the coroutine.
    return ("failed" if isinstance(end, Exception) else "cancelled"), 0, 0
