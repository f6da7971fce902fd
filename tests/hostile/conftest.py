"""What every hostile run must leave behind: nothing."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from graphbit_core import Executor, Host, Node, Workflow, WorkflowResult
from graphbit_core.processes.pool import pool
from graphbit_core.workers import workers

from .causes import make_host

BOUND = 8.0
"""Longest time of a hostile run, in seconds."""
ONE_OF_EACH = {
    "max_concurrency": 1,
    "max_runs": 1,
    "type_limits": {"transform": 1, "map": 1, "loop": 1, "subworkflow": 1},
}
"""Limits under which a permit that was kept would hold up the next node or run."""


@pytest.fixture(scope="session")
def host() -> Host:
    return make_host()


def until_true(holds: Callable[[], bool], what: str, seconds: float = 3.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.002)


def busy_threads() -> set[threading.Thread]:
    """Threads that are not the test's, nor idle workers."""
    ours = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    working = [thread for thread in ours if thread.name == "graphbit-worker"]
    others = {thread for thread in ours if thread not in working}
    return others | set(working if len(working) > len(workers._idle) + pool._tidying else ())


@pytest.fixture(autouse=True)
def no_thread_is_left(release: threading.Event) -> Iterator[None]:
    before = busy_threads()
    yield
    release.set()
    until_true(lambda: not busy_threads() - before, "threads are left behind")


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """What plain functions hang on; set at the end of the test."""
    event = threading.Event()
    yield event
    event.set()


class Hostile:
    """Runs workflows in the way that shows what they leave behind."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def run(self, workflow: Workflow, **settings: Any) -> WorkflowResult:
        """The result; asserts that the run ends in time and leaves no task and no permit."""
        limits = {**ONE_OF_EACH, "timeout_seconds": BOUND - 2, **settings}
        return asyncio.run(self._watched(workflow, Executor(host=self._host, **limits)))

    async def _watched(self, workflow: Workflow, executor: Executor) -> WorkflowResult:
        began = time.monotonic()
        result = await executor.run_async(workflow)
        assert time.monotonic() - began < BOUND
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left
        again = await executor.run_async(Workflow("again").chain(*(healthy(f"n{i}") for i in range(3))))
        assert again.output == "fine"
        assert executor.get_stats().in_flight == 0
        return result


def healthy(name: str) -> Node:
    return Node.transform(name, lambda *_: "fine")


@pytest.fixture
def hostile(host: Host) -> Hostile:
    return Hostile(host)
