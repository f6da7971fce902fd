"""Thousands of runs of many shapes: memory, descriptors, threads, tasks and registries stay as they are."""

from __future__ import annotations

import asyncio
import gc
import random
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from busy import HOST, busy_workers, descriptors, left_on, memory_kib, soon

from graphbit_core import Executor, LlmClient, Node, Workflow
from graphbit_core.kernel.calls import engine
from graphbit_core.testing import ModelServer

SLOPE = 0.5
"""KiB that private memory may grow per run."""
WARM_UP = 16.0
LASTS = 16.0
"""Seconds."""


def broken(*_):
    raise ValueError("broken")


def one(node):
    return Workflow("one").chain(node)


def shapes(url):
    """Workflows by name; each run of them takes about a millisecond."""
    body = Workflow("body").chain(Node.transform("x", lambda item: item), Node.transform("y", lambda x: x))
    booked = Workflow("booked").chain(
        Node.transform("book", lambda: 1, compensate=lambda: None, inline=True),
        Node.transform("broken", broken, retry={"max_attempts": 2, "base": 0.001}),
    )
    fetch = Node.http_request("fetch", f"{url}/page", allow_hosts=["127.0.0.1"], method="POST")
    forks = Workflow("forks")
    for number in range(5):
        forks.add_node(Node.transform(f"n{number}", lambda: asyncio.sleep(0)))
    return {
        "threads": one(Node.transform("a", lambda: 1)),
        "forks": forks,
        "failure": booked,
        "map": one(Node.map("each", body, over=[1, 2, 3])),
        "stream map": one(Node.map("each", body, over=lambda: (n for n in range(3)))),
        "loop": one(Node.loop("again", body, until="iteration >= 3", max_iterations=5, initial=1)),
        "process": one(Node.transform("far", "isolated:same", isolation="process")),
        "agent": one(Node.agent("ask", "Hi")),
        "http": one(fetch),
        "slow": one(Node.transform("slow", lambda: asyncio.sleep(60), compensate=lambda: None)),
    }


class Soak:
    """Runs one workflow after another, each in one of several ways."""

    def __init__(self, url):
        llm = LlmClient("openai:scripted-1", base_url=url, api_key="k")
        self.executor = Executor(llm, host=HOST, max_runs=8)
        self.workflows = shapes(url)
        self.dice = random.Random(11)
        self.runs = 0

    async def for_seconds(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for name, workflow in self.workflows.items():
                inputs = {"value": 1} if name == "process" else {}
                await self.one(name, workflow, inputs)
                self.runs += 1

    async def one(self, name, workflow, inputs):
        way = "cancel" if name == "slow" else self.dice.choice(["run", "stream", "leave", "thread", "cancel"])
        if way == "run":
            await self.executor.run_async(workflow, inputs)
        elif way == "stream":
            async for _ in self.executor.stream(workflow, inputs):
                pass
        elif way == "leave":
            events = aiter(self.executor.stream(workflow, inputs))
            await anext(events)
            await events.aclose()
        elif way == "thread":
            await asyncio.to_thread(self.executor.execute, workflow, inputs)
        else:
            run = asyncio.create_task(self.executor.run_async(workflow, inputs))
            await asyncio.sleep(self.dice.uniform(0, 0.001))
            run.cancel()
            with suppress(asyncio.CancelledError):
                await run


def footprint(server):
    soon(lambda: busy_workers() == 0, 0.5)
    for peer in server.peers:  # the server is in this process, and notes all it was sent
        peer.requests.clear()
    server.peers[:] = [peer for peer in server.peers if peer.left == "open"]
    server._threads[:] = [thread for thread in server._threads if thread.is_alive()]
    gc.collect()
    return memory_kib(), descriptors(), threading.active_count(), engine().in_flight()


@pytest.mark.integration
@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="memory is read in /proc")
def test_many_runs_leave_memory_descriptors_threads_and_tasks_as_they_are(capsys):
    async def main():
        soak = Soak(server.url)
        await soak.for_seconds(WARM_UP)
        before, warm = footprint(server), soak.runs
        await soak.for_seconds(LASTS)
        assert left_on(asyncio.get_running_loop()) == []
        assert soak.executor.get_stats().in_flight == soak.executor.get_stats().queued == 0
        assert len(soak.executor._going._runs) == 0
        return before, footprint(server), soak.runs - warm

    with ModelServer() as server:
        before, after, runs = asyncio.run(main())
    slope = (after[0] - before[0]) / runs
    with capsys.disabled():
        print(f"\n{runs} runs, {slope:+.3f} KiB a run; KiB, descriptors, threads, calls: {before} -> {after}")
    assert runs > 500
    assert slope < SLOPE
    assert after[1] <= before[1] + 10
    assert after[2] <= before[2] + 10
    assert after[3] == 0
