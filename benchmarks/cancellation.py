"""How long it takes from the cancellation of a run to its end: coroutines, and model calls that hang."""

from __future__ import annotations

import asyncio
import statistics
import time
from contextlib import suppress

from table import duration

from graphbit_core import Executor, LlmClient, Node, Workflow
from graphbit_core.testing import ModelServer, Reply

TIMES = 200
HANG = Reply.text("{").cut_body(0, "hang")


async def cancelled(executor: Executor, workflow: Workflow, after: float) -> float:
    """Seconds from ``cancel`` to the end of the run."""
    run = asyncio.create_task(executor.run_async(workflow))
    await asyncio.sleep(after)
    started = time.perf_counter()
    run.cancel()
    with suppress(asyncio.CancelledError):
        await run
    return time.perf_counter() - started


async def figures(executor: Executor, workflow: Workflow) -> str:
    """p50 and p99 over many runs, each cancelled at another moment."""
    await cancelled(executor, workflow, 0.05)
    took = [await cancelled(executor, workflow, 0.01 + 0.03 * turn / TIMES) for turn in range(TIMES)]
    cuts = statistics.quantiles(took, n=100)
    return f"p50 {duration(cuts[49])}, p99 {duration(cuts[98])}"


def wide(name: str, node: Node) -> Workflow:
    """The node once per item of a map, 20 at a time."""
    return Workflow(name).chain(Node.map("each", node, over=list(range(1000)), max_concurrency=20))


def main() -> list[tuple[str, str]]:
    """Rows of the table."""
    sleeping = Node.transform("sleep", lambda: asyncio.sleep(0.005))
    with ModelServer(HANG) as server, asyncio.Runner() as runner:
        executor = Executor(LlmClient("openai:scripted-1", base_url=server.url, api_key="none"))
        workflows = {
            "a map of 1,000 coroutines, 20 at a time": wide("coroutines", sleeping),
            "20 model calls that hang": wide("calls", Node.agent("ask", "Hi {item}")),
        }
        return [
            (f"cancel → run ended, {name}", runner.run(figures(executor, workflow)))
            for name, workflow in workflows.items()
        ]


if __name__ == "__main__":
    for row in main():
        print(": ".join(row))
