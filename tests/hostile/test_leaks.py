"""Bodies that leave things behind, or lay hands on the loop, on their inputs or on the run itself."""

from __future__ import annotations

import asyncio
import gc
import threading
import time

import pytest

from graphbit_core import Executor, Node, RunCaps, Workflow, WorkflowError

from .places import KINDS, RUNS


def run(host, workflow, **settings):
    return Executor(host=host, **{"timeout_seconds": 6, **settings}).execute(workflow)


def one(body, **options):
    return Workflow("w").chain(Node.transform("a", body, **options))


@pytest.mark.parametrize("place", RUNS.values(), ids=RUNS)
def test_tasks_that_bodies_leak_end_with_the_loop_of_execute(host, place):
    tasks = []

    async def leak(*_):
        tasks.append(asyncio.get_running_loop().create_task(asyncio.sleep(60)))
        return "fine"

    assert run(host, place(leak, {})).is_success()
    assert tasks
    assert all(task.cancelled() for task in tasks)


def test_a_task_that_a_body_leaks_and_that_will_not_end_does_not_hold_up_execute(host, monkeypatch):
    monkeypatch.setattr("graphbit_core.workflow.loops._LAST_WAIT", 0.1)
    stop = []

    async def stubborn():
        while not stop:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                continue

    kept = []

    async def leak():
        kept.append(asyncio.get_running_loop().create_task(stubborn()))
        await asyncio.sleep(0)
        return "fine"

    began = time.monotonic()
    assert run(host, one(leak)).output == "fine"
    assert time.monotonic() - began < 2
    stop.append(1)
    kept.pop().get_coro().close()


def test_threads_that_bodies_leak_do_not_hold_up_the_run(host, release):
    def leak():
        threading.Thread(target=release.wait, args=(60,), daemon=True).start()
        return "fine"

    began = time.monotonic()
    assert run(host, one(leak)).output == "fine"
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("kind", ["coroutine", "inline"])
def test_a_body_that_stops_the_loop_ends_the_run_with_an_error(host, kind):
    body, how = KINDS[kind](lambda: asyncio.get_running_loop().stop())
    body, how = (stops_and_waits, {}) if kind == "coroutine" else (body, how)
    workflow = Workflow("w").chain(Node.transform("a", body, **how), Node.delay("b", 0.05))
    with pytest.raises(WorkflowError, match="stopped the event loop"):
        run(host, workflow)


async def stops_and_waits(*_):
    asyncio.get_running_loop().stop()
    await asyncio.sleep(60)


def test_a_body_that_closes_the_loop_fails(host):
    async def close():
        asyncio.get_running_loop().close()

    result = run(host, one(close))
    assert result.state == "failed"
    assert "close a running event loop" in str(result.error)


@pytest.mark.parametrize("kind", ["coroutine", "inline"])
def test_a_body_that_cancels_every_task_cancels_its_run(host, kind):
    def cancel():
        for task in asyncio.all_tasks():
            task.cancel()

    executor = Executor(host=host, max_runs=1, max_concurrency=1)
    with pytest.raises(asyncio.CancelledError):
        executor.execute(RUNS["before_another"](*KINDS[kind](cancel)))
    assert executor.execute(one(lambda: "fine")).output == "fine"


def test_a_coroutine_that_is_never_awaited_is_an_output_like_another(host):
    async def inner():
        return 1

    result = run(host, one(lambda: [inner()]))
    assert result.is_success()
    result.output[0].close()


def test_a_generator_that_a_failing_map_reads_is_closed(host):
    closed = []

    def entries():
        try:
            yield from range(100)
        finally:
            closed.append("plain")

    async def later():
        try:
            for number in range(100):
                yield number
        finally:
            closed.append("async")

    def second(item):
        if item == 1:
            raise ValueError("the second one")

    for make in (entries, later):
        source = Node("map", "each", body=Node.transform("x", second), over=lambda make=make: make())
        assert run(host, Workflow("w").chain(source)).state == "failed"
    gc.collect()
    assert closed == ["plain", "async"]


def test_a_list_that_changes_while_a_map_goes_over_it_is_mapped_as_it_was(host):
    items = [1, 2, 3]

    def empty(item):
        items.clear()
        return item

    workflow = Workflow("w").chain(
        Node.transform("items", lambda: items),
        Node.map("each", Node.transform("x", empty), max_concurrency=1),
    )
    assert run(host, workflow).output == [1, 2, 3]


def test_what_a_body_does_to_its_inputs_does_not_reach_the_next_run(host):
    def spoil(context):
        found = context.inputs["given"], len(context.inputs["notes"])
        context.inputs["given"] = "spoiled"
        context.inputs["notes"].append("spoiled")
        return found

    workflow = Workflow("w", variables={"notes": {"reducer": "append", "initial": ["first"]}})
    workflow.add_node(Node.transform("a", spoil))
    executor = Executor(host=host)
    given = {"given": "as it was"}
    for _ in range(2):
        assert executor.execute(workflow, given).output == ("as it was", 1)
        assert given == {"given": "as it was"}


def test_what_a_body_does_to_a_value_of_the_workflow_does_not_reach_the_next_run(host):
    def spoil(value):
        before = len(value)
        value.append("spoiled")
        return before

    def broken():
        raise ValueError("broken")

    executor = Executor(host=host)
    spoils = Node.transform("spoils", spoil)
    for workflow in (
        Workflow("w").chain(Node.map("each", spoils, over=[[1]])),
        Workflow("w").chain(Node.loop("again", spoils, until="true", max_iterations=1, initial=[1])),
        Workflow("w").chain(Node.transform("a", broken, on_error={"value": [1]}), spoils),
    ):
        assert [executor.execute(workflow).output for _ in range(2)] in ([1, 1], [[1], [1]])


@pytest.mark.parametrize("name", [[], None, 5, b"x"], ids=repr)
def test_a_variable_without_a_proper_name_is_a_failure_of_its_node(host, name):
    result = run(host, one(lambda context: context.set_variable(name, 1)))
    assert result.state == "failed"
    assert "name is text" in str(result.error)


def test_a_size_that_cannot_be_told_does_not_escape_the_cap(host):
    class Text(str):
        def encode(self, *_):
            raise RuntimeError("no")

        __len__ = encode

    body = one(lambda: Text("x" * 100))
    assert run(host, body, caps=RunCaps(output_bytes=100)).is_success()
    assert run(host, body, caps=RunCaps(output_bytes=99)).state == "failed"


def test_what_a_delay_passes_on_and_does_not_exist_fails_the_run(host):
    workflow = Workflow("w")
    workflow.add_node(Node.transform("a", lambda: {"x": 1}))
    workflow.add_node(Node.delay("pause", 0.001))
    workflow.connect("a", "pause", output="y")
    sub = Workflow("outer").chain(Node.subworkflow("sub", workflow))
    for each in (workflow, sub):
        result = run(host, each)
        assert result.state == "failed"
        assert "has no part 'y'" in str(result.error)
