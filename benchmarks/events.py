"""What it costs when somebody reads the events of a run: the same fan-out, read and not read."""

from __future__ import annotations

import asyncio

from engine import BODIES, fan_out
from measure import median
from table import duration

from graphbit_core import Executor, Workflow

WIDTH = 1000
EXECUTOR = Executor(timeout_seconds=None)


async def read(workflow: Workflow) -> int:
    """One run, its events read on the event loop; how many there were."""
    stream = EXECUTOR.stream(workflow)
    events = [event async for event in stream]
    stream.result.raise_for_failure()
    return len(events)


def read_in_thread(workflow: Workflow) -> int:
    """The same with ``for``: the run has a thread of its own."""
    stream = EXECUTOR.stream(workflow)
    events = list(stream)
    stream.result.raise_for_failure()
    return len(events)


def main() -> list[tuple[str, str]]:
    """Rows of the table."""
    rows = []
    with asyncio.Runner() as runner:
        for name in ("inline", "coroutine"):
            workflow = fan_out(WIDTH, BODIES[name])
            ways = {
                "not read": lambda workflow=workflow: runner.run(EXECUTOR.run_async(workflow)),
                "`async for`": lambda workflow=workflow: runner.run(read(workflow)),
                "`for`": lambda workflow=workflow: read_in_thread(workflow),
            }
            per_node = runner.run(read(workflow)) / (WIDTH + 1)
            for way, work in ways.items():
                cost = median(work)
                wall, cpu = duration(cost.wall / (WIDTH + 1)), duration(cost.cpu / (WIDTH + 1))
                events = "" if way == "not read" else f", {per_node:.1f} events"
                rows.append((f"fan-out of 1,000, {name}, {way}", f"{wall} wall, {cpu} CPU per node{events}"))
    return rows


if __name__ == "__main__":
    for row in main():
        print(": ".join(row))
