"""How the benchmarks measure: CPU and wall time of this process, repeated, the median quoted."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """Seconds of one repetition."""

    cpu: float
    wall: float


def cost(work: Callable[[], object]) -> Cost:
    """CPU time of all threads of this process, and wall time, of one call of ``work``."""
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    work()
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    return Cost(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, wall)


def median(work: Callable[[], object], repetitions: int = 7) -> Cost:
    """The median CPU and the median wall time, after one repetition that does not count."""
    work()
    costs = [cost(work) for _ in range(repetitions)]
    return Cost(statistics.median(c.cpu for c in costs), statistics.median(c.wall for c in costs))
