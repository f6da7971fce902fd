"""Bodies that never end: the run does, says so, and goes on with what it can."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from graphbit_core import DeadlineError, Node, Workflow

from .causes import chain_of
from .conftest import Hostile, until_true
from .places import CALLS, RUNS

NODES = {name: place for name, place in RUNS.items() if name != "timed"}


@pytest.fixture(autouse=True)
def short_graces(monkeypatch):
    monkeypatch.setattr("graphbit_core.workflow.driver._CANCEL_GRACE", 0.1)
    monkeypatch.setattr("graphbit_core.workflow.driver._COMPENSATION_GRACE", 0.1)


def is_late(result):
    return any(isinstance(one, DeadlineError) for error in result.errors for one in chain_of(error))


def stuck(release):
    """A plain function that hangs until the end of the test."""
    return lambda *_: release.wait(60)


async def sleeps(*_):
    await asyncio.sleep(60)


async def never(*_):
    await asyncio.get_running_loop().create_future()


class EndlessAwait:
    def __await__(self):
        while True:
            yield


@pytest.mark.parametrize("place", NODES.values(), ids=NODES)
def test_a_plain_function_that_hangs_is_abandoned_and_named(host, release, place):
    result = Hostile(host).run(place(stuck(release), {}), timeout_seconds=0.1)
    assert not result.is_success()
    assert is_late(result)
    assert result.seconds < 2
    assert result.abandoned
    assert all(path.split("/")[-1] in ("bad", "first") for path in result.abandoned)


@pytest.mark.parametrize("body", [sleeps, never, lambda *_: EndlessAwait()], ids=["sleep", "future", "busy"])
@pytest.mark.parametrize("place", NODES.values(), ids=NODES)
def test_a_coroutine_that_hangs_is_cancelled(hostile, place, body):
    result = hostile.run(place(body, {}), timeout_seconds=0.1)
    assert not result.is_success()
    assert is_late(result)
    assert result.abandoned == []


CALLED = {name: place for name, place in CALLS.items() if name not in ("edge_test", "reducer")}
"""Edge tests and reducers run on the event loop and must be quick, as the documents say."""


@pytest.mark.parametrize("place", CALLED.values(), ids=CALLED)
def test_a_function_that_hangs_where_something_else_calls_it_does_not_hold_up_the_run(host, release, place):
    result = Hostile(host).run(place(stuck(release), {}), timeout_seconds=0.1)
    assert not result.is_success()
    assert is_late(result)
    assert len(result.abandoned) == 1


@pytest.mark.parametrize("place", CALLED.values(), ids=CALLED)
def test_a_coroutine_that_hangs_where_something_else_calls_it_is_cancelled(hostile, place):
    result = hostile.run(place(sleeps, {}), timeout_seconds=0.1)
    assert not result.is_success()
    assert is_late(result)
    assert result.abandoned == []


@pytest.mark.parametrize("body", [None, sleeps, never], ids=["plain", "sleep", "future"])
@pytest.mark.parametrize("place", NODES.values(), ids=NODES)
def test_the_timeout_of_a_node_frees_its_permits_for_others(host, release, place, body):
    workflow = place(body or stuck(release), {})
    for node in (node for node in [*workflow.nodes.values()] if node.id != "bad"):
        assert node.options.timeout is None
    inner = Workflow("outer")
    inner.add_node(Node.subworkflow("limited", workflow, timeout=0.1))
    inner.add_node(Node.transform("go", lambda: 1, inline=True))
    inner.add_node(Node.transform("other", lambda value: f"{value} done", priority=-1))
    inner.connect("go", "other")
    inner.connect("go", "limited", kind="control")
    result = Hostile(host).run(inner, on_error="continue")
    assert result.state == "failed"
    assert is_late(result)
    assert result.outputs["other"] == "1 done"
    assert result.seconds < 2


async def deaf(*_):
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            if asyncio.current_task().cancelling() > 3:
                raise


@pytest.mark.parametrize("place", NODES.values(), ids=NODES)
def test_a_coroutine_that_ignores_its_cancellation_is_abandoned_and_named(host, place):
    async def main():
        from graphbit_core import Executor

        executor = Executor(host=host, timeout_seconds=0.1)
        result = await executor.run_async(place(deaf, {}))
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert len(left) == len(result.abandoned) > 0
        for task in left:
            while not task.done():
                task.cancel()
                await asyncio.sleep(0)
        return result

    result = asyncio.run(main())
    assert not result.is_success()
    assert is_late(result)
    assert result.seconds < 2


def test_a_late_end_of_an_abandoned_function_changes_nothing(host):
    released, ended = threading.Event(), threading.Event()

    def body(context):
        if context.attempt == 1:
            released.wait(10)
            context.set_variable("written", "late")
            context.emit("custom", {"late": True})
            ended.set()
            return "late"
        released.set()
        until_true(ended.is_set, "the first attempt goes on")
        return "in time"

    node = Node.transform("a", body, timeout=1.0, retry={"max_attempts": 2, "base": 0.001})
    result = Hostile(host).run(Workflow("w").chain(node), max_concurrency=2)
    assert result.output == "in time"
    assert "written" not in result.variables


def test_a_stream_that_blocks_does_not_stop_the_other_nodes(host, release):
    def entries():
        yield 1
        release.wait(60)

    done = []
    workflow = Workflow("w").chain(
        Node.transform("entries", lambda: entries(), inline=True),
        Node.map("each", Node.transform("x", lambda item: item)),
    )
    workflow.add_node(Node.transform("beside", lambda *_: done.append(time.monotonic())))
    workflow.add_node(Node.delay("pause", 0.1))
    workflow.connect("entries", "pause", kind="control")
    workflow.connect("pause", "beside", kind="control")
    result = Hostile(host).run(workflow, timeout_seconds=0.4, max_concurrency=2)
    assert done
    assert result.abandoned == ["each"]
