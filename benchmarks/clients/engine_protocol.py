"""What every client of the engine comparison does: ``client.py SCENARIO SIZE LIMIT`` prints JSON.

A client hands over one function per scenario. It gets the size, prepares, and returns the work that is
measured: a plain function, or one that returns a coroutine. The coroutines of all repetitions run on one
event loop. If preparing and the first repetition take more than LIMIT seconds, SIGALRM ends the process.
"""

from __future__ import annotations

import asyncio
import json
import signal
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from measure import cost

Scenario = Callable[[int], Callable[[], Any]]
REPETITIONS = 7
ENOUGH = 3.0
"""Seconds after which no further repetition starts; a first one that took as long is the only one."""


class Lag:
    """How long after the end of the root the child of the fast branch started."""

    def __init__(self) -> None:
        self._root = 0.0
        self.seconds = float("nan")

    def root(self) -> None:
        """The node before both branches is about to end."""
        self._root, self.seconds = time.perf_counter(), float("nan")

    def child(self) -> None:
        """The child of the fast branch has started."""
        self.seconds = time.perf_counter() - self._root


def serve(
    *,
    chain: Scenario,
    fan_out: Scenario,
    map_items: Scenario,
    build: Scenario,
    blocking_sibling: Scenario,
    sleeping_sibling: Scenario,
) -> None:
    """Measures the scenario that the command line names.

    Args:
        chain: ``size`` no-op nodes, one after another.
        fan_out: One no-op node and ``size`` that follow it.
        map_items: A no-op body for each of ``size`` items.
        build: From nothing to a checked fan-out of ``size`` nodes that is ready to run.
        blocking_sibling: Root, then a node that calls ``time.sleep(1)`` beside a fast one with a child;
            the work returns the seconds of a ``Lag``.
        sleeping_sibling: The same with ``asyncio.sleep(1)``.
    """
    scenarios = {
        "chain": chain,
        "fan_out": fan_out,
        "map_items": map_items,
        "build": build,
        "blocking_sibling": blocking_sibling,
        "sleeping_sibling": sleeping_sibling,
    }
    name, size, limit = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    signal.setitimer(signal.ITIMER_REAL, limit)
    print(json.dumps(_measure(scenarios[name](size))))


def _measure(work: Callable[[], Any]) -> dict[str, Any]:
    """Median CPU and wall seconds of a repetition, and the median of what it returned if that is a number."""
    values = []
    with asyncio.Runner() as runner:

        def once() -> None:
            made = work()
            values.append(runner.run(made) if asyncio.iscoroutine(made) else made)

        costs = [cost(once)]
        signal.setitimer(signal.ITIMER_REAL, 0)
        if costs[0].wall < ENOUGH:
            costs, values = [], []
            while len(costs) < REPETITIONS and sum(c.wall for c in costs) < ENOUGH:
                costs.append(cost(once))
    return {
        "cpu": statistics.median(c.cpu for c in costs),
        "wall": statistics.median(c.wall for c in costs),
        "value": statistics.median(values) if isinstance(values[0], float) else None,
    }
