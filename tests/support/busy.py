"""A workflow in which all that a run can be busy with goes on at once, and a look at what is left of it."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Callable
from pathlib import Path

from graphbit_openai import OpenAIProvider

from graphbit_core import Executor, Host, LlmClient, Node, Workflow
from graphbit_core.nodes.agent import AgentNode
from graphbit_core.nodes.delay import DelayNode
from graphbit_core.nodes.http_request import HttpRequestNode
from graphbit_core.nodes.loop import LoopNode
from graphbit_core.nodes.map import MapNode
from graphbit_core.nodes.subworkflow import SubworkflowNode
from graphbit_core.nodes.transform import TransformNode
from graphbit_core.testing import ModelServer, Reply
from graphbit_core.workers import workers

HOST = Host.isolated(
    {
        ("node_type", "agent"): AgentNode,
        ("node_type", "delay"): DelayNode,
        ("node_type", "http_request"): HttpRequestNode,
        ("node_type", "loop"): LoopNode,
        ("node_type", "map"): MapNode,
        ("node_type", "subworkflow"): SubworkflowNode,
        ("node_type", "transform"): TransformNode,
        ("provider", "openai"): OpenAIProvider,
    }
)
HANG = Reply.text("{").cut_body(0, "hang")
"""The head of a reply, and then nothing until the peer leaves."""


class Busy:
    """The workflow, and what its bodies count.

    Args:
        server: Answers, or hangs, as the default of the server says.
    """

    def __init__(self, server: ModelServer) -> None:
        self.server = server
        self.booked = 0
        self.undone = 0
        self.streams_open = 0

    def executor(self, **options: object) -> Executor:
        llm = LlmClient("openai:scripted-1", base_url=self.server.url, api_key="k")
        return Executor(llm, host=HOST, **options)  # type: ignore[arg-type]

    def workflow(self, *, process: bool = False) -> Workflow:
        """Twelve branches side by side; none waits longer than a quarter of a second for anything."""
        everything = Workflow("everything")
        branches = [
            Node.transform("book", self._book, compensate=self._undo, inline=True),
            Node.map("each", self._node("item"), over=list(range(50)), max_concurrency=4),
            Node.map("streamed", self._node("piece"), over=lambda: self._stream(), max_concurrency=2),
            Node.loop("again", self._node("step"), until="iteration >= 40", max_iterations=50, initial=0),
            Node.subworkflow("sub", Workflow("in").chain(self._node("x"), self._node("y"), self._node("z"))),
            Node.map("agents", Node.agent("ask", "Hi {item}"), over=["a", "b"]),
            Node.agent("looks", "Look it up", tools=[self._look_up]),
            Node.http_request("fetch", f"{self.server.url}/page", allow_hosts=["127.0.0.1"], method="POST"),
            Node.transform("flaky", self._fail, retry={"max_attempts": 50, "base": 0.01}, on_error="skip"),
            Node.transform("threads", lambda: time.sleep(0.004)),
            Node.delay("wait", 0.25),
            Node.transform("brief", self._slowly, timeout=0.005, on_error="skip"),
        ]
        if process:
            branches.append(Node.transform("process", "isolated:hang", isolation="process"))
        for branch in branches:
            everything.add_node(branch)
        return everything

    def _node(self, name: str) -> Node:
        return Node.transform(name, self._slowly)

    async def _slowly(self) -> int:
        await asyncio.sleep(0.01)
        return 1

    async def _look_up(self) -> str:
        """Looks it up."""
        await self._slowly()
        return "found"

    def _fail(self) -> None:
        raise OSError("for now")

    def _book(self) -> None:
        self.booked += 1

    async def _undo(self) -> None:
        await asyncio.sleep(0)
        self.undone += 1

    async def _stream(self):
        self.streams_open += 1
        try:
            for number in range(50):
                await asyncio.sleep(0.002)
                yield number
        finally:
            self.streams_open -= 1


def descriptors() -> int:
    """How many this process has open."""
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


def busy_workers() -> int:
    """Worker threads on which a plain function runs."""
    names = [thread.name for thread in threading.enumerate()]
    return names.count("graphbit-worker") - len(workers._idle)


def left_on(loop: asyncio.AbstractEventLoop) -> list[object]:
    """Tasks but the current one, and timers."""
    tasks = [task for task in asyncio.all_tasks(loop) if task is not asyncio.current_task()]
    return [*tasks, *(timer for timer in loop._scheduled if not timer.cancelled())]  # type: ignore[attr-defined]


def soon(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Whether it holds within so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.001)
    return True


def memory_kib() -> float:
    """Private memory of this process."""
    status = Path("/proc/self/smaps_rollup").read_text()
    lines = (line.split() for line in status.splitlines())
    return sum(float(line[1]) for line in lines if line[0].startswith("Private_"))
