"""How long compensations may take, and where they run."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from graphbit_core import Executor, Node, Workflow


@pytest.fixture(autouse=True)
def short_grace(monkeypatch):
    monkeypatch.setattr("graphbit_core.workflow.driver._COMPENSATION_GRACE", 0.3)


async def endless(value):
    await asyncio.sleep(60)


def run(host, *nodes):
    return Executor(host=host, timeout_seconds=0.1).execute(Workflow("w").chain(*nodes))


def test_a_run_that_was_over_time_still_has_time_to_undo(host):
    left = []

    async def undo(context):
        left.append(context.deadline - time.monotonic())
        await asyncio.sleep(0.05)
        left.append(context.value)

    result = run(host, Node.transform("a", lambda: 1, compensate=undo), Node.transform("b", endless))
    assert len(result.errors) == 1
    assert 0.1 < left[0] <= 0.3
    assert left[1] == 1


def test_compensations_that_do_not_end_do_not_keep_the_run(host):
    begun = time.monotonic()
    result = run(
        host,
        Node.transform("a", lambda: 1, compensate=endless),
        Node.transform("b", lambda value: 1, compensate=endless),
        Node.transform("c", endless),
    )
    assert time.monotonic() - begun < 3
    assert result.state == "failed"
    for error, node in zip(result.errors[1:], "ba", strict=True):
        assert f"node '{node}' could not be undone: DeadlineError: " in str(error)
    assert result.abandoned == []


def test_a_plain_compensation_of_a_coroutine_node_runs_on_a_thread(host):
    threads = []

    async def work():
        return 1

    def fail(value):
        raise ValueError("no")

    undone = Node.transform("a", work, compensate=lambda value: threads.append(threading.current_thread()))
    run(host, undone, Node.transform("b", fail))
    assert [thread.name for thread in threads] == ["graphbit-worker"]
