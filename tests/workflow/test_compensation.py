"""What undoes nodes when their scope fails or is cancelled, and in which order."""

from __future__ import annotations

import asyncio

from graphbit_core import Executor, Node, Workflow
from tests.workflow.failing import broken, chain, run


def test_compensations_run_in_reverse_order_of_completion_when_the_run_fails(host):
    undone = []

    def step(name):
        return Node.transform(name, lambda: name, compensate=lambda made: undone.append(made))

    result = run(host, chain(step("a"), step("b"), step("c"), broken()))
    assert result.state == "failed"
    assert undone == ["c", "b", "a"]


def test_compensations_do_not_run_when_the_run_succeeds(host):
    undone = []
    workflow = chain(Node.transform("a", lambda: 1, compensate=lambda made: undone.append(made)))
    assert run(host, workflow).is_success()
    assert undone == []


def test_compensations_run_when_the_run_is_cancelled(host):
    undone = []

    async def forever(value):
        await asyncio.sleep(60)

    workflow = chain(
        Node.transform("a", lambda: 1, compensate=lambda made: undone.append(made)),
        Node.transform("b", forever),
    )
    result = run(host, workflow, timeout_seconds=0.2)
    assert result.state == "failed"
    assert undone == [1]

    async def cancelled():
        task = asyncio.create_task(Executor(host=host).run_async(workflow))
        await asyncio.sleep(0.2)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert asyncio.run(cancelled())
    assert undone == [1, 1]


def test_a_compensation_that_fails_is_told_and_the_rest_runs(host):
    undone = []

    def refuse(value):
        raise OSError("cannot undo")

    workflow = chain(
        Node.transform("a", lambda: 1, compensate=lambda made: undone.append(made)),
        Node.transform("b", lambda: 2, compensate=refuse),
        broken(),
    )
    result = run(host, workflow)
    assert undone == [1]
    assert any("cannot undo" in str(error) for error in result.errors)


def test_a_scope_that_fails_compensates_what_it_did(host):
    undone = []
    inner = chain(Node.transform("a", lambda: 1, compensate=lambda made: undone.append(made)), broken())
    workflow = chain(
        Node.subworkflow("sub", inner, on_error={"value": None}), Node.transform("end", lambda v: v)
    )
    result = run(host, workflow)
    assert result.state == "succeeded_degraded"
    assert undone == [1]


def test_a_scope_compensates_its_own_nodes_and_a_container_that_was_done_is_undone_as_one_node(host):
    undone = []

    def step(name, function=lambda value: 1):
        return Node.transform(name, function, compensate=lambda value: undone.append(name))

    def trip(last):
        inner = Workflow("inner").chain(step("flight"), step("hotel"), *([broken("car")] if last else []))
        sub = Node.subworkflow("trip", inner, compensate=lambda value: undone.append("trip"))
        run(host, chain(step("order", lambda: 1), sub, *([] if last else [broken("pay")])))
        return [undone.pop(0) for _ in list(undone)]

    assert trip(last=True) == ["hotel", "flight", "order"]
    assert trip(last=False) == ["trip", "order"]


def test_compensations_that_hang_do_not_hold_a_cancelled_run_for_ever(host, monkeypatch):
    monkeypatch.setattr("graphbit_core.workflow.driver._COMPENSATION_GRACE", 0.2)

    async def hang(value):
        await asyncio.sleep(60)

    async def forever(value):
        await asyncio.sleep(60)

    workflow = chain(
        Node.transform("a", lambda: 1, compensate=hang),
        Node.transform("b", lambda value: 2, compensate=hang),
        Node.transform("c", forever),
    )
    result = run(host, workflow, timeout_seconds=0.1)
    assert result.state == "failed"
    assert result.seconds < 5
