"""Draining an executor: what runs may end, nothing new begins, and nothing is left behind."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from graphbit_core import (
    Executor,
    GraphBitError,
    Node,
    RunShedError,
    ValidationError,
    Workflow,
    WorkflowError,
)


class Gate:
    """A body that waits until it is let go, or until it is cancelled."""

    def __init__(self):
        self.entered = threading.Event()
        self.go = threading.Event()

    async def __call__(self):
        self.entered.set()
        while not self.go.is_set():
            await asyncio.sleep(0.001)
        return "done"


def chain(first, *more):
    return Workflow("w").chain(Node.transform("first", first), *more)


def after(function=lambda value: value, **settings):
    return Node.transform("after", function, **settings)


class Running:
    """A run on a thread of its own; use it in a ``with`` statement."""

    def __init__(self, executor, workflow):
        self._call = lambda: executor.execute(workflow)
        self.result = self.error = None
        self._thread = threading.Thread(target=self._work)

    def _work(self):
        try:
            self.result = self._call()
        except GraphBitError as error:
            self.error = error

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        self._thread.join(10)
        assert not self._thread.is_alive()
        return self.result


def soon(condition):
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_what_runs_ends_what_comes_next_does_not_begin_and_the_report_says_so(host):
    executor, gate = Executor(host=host), Gate()
    with Running(executor, chain(gate, after())) as run:
        gate.entered.wait(5)
        threading.Timer(0.05, gate.go.set).start()
        [told] = executor.drain(5)
    result = run.end()
    assert (told.state, told.workflow, told.run_id) == ("cancelled", "w", result.run_id)
    assert (result.state, result.reason, result.outputs) == ("cancelled", "drained", {"first": "done"})
    assert list(told.unfinished) == result.unfinished == ["after"]
    assert executor.get_stats().cancelled_runs == 1


def test_a_run_with_nothing_left_to_begin_succeeds(host):
    executor, gate = Executor(host=host), Gate()
    with Running(executor, chain(gate)) as run:
        gate.entered.wait(5)
        threading.Timer(0.05, gate.go.set).start()
        [told] = executor.drain(5)
    assert (told.state, list(told.unfinished)) == ("succeeded", [])
    assert (run.end().output, run.result.reason) == ("done", None)


def test_what_is_not_done_in_time_is_cancelled(host):
    executor, gate = Executor(host=host), Gate()
    with Running(executor, chain(gate, after())) as run:
        gate.entered.wait(5)
        started = time.monotonic()
        [told] = executor.drain(0.1)
        assert 0.09 < time.monotonic() - started < 1
    assert list(told.unfinished) == ["first", "after"]
    assert (run.end().state, run.result.reason) == ("cancelled", "drained")


def test_a_drained_executor_takes_no_more_runs_and_says_why(host):
    executor = Executor(host=host)
    assert executor.execute(chain(lambda: 1)).is_success()
    assert executor.drain() == executor.drain() == []
    with pytest.raises(RunShedError, match=r"was drained.*with_options"):
        executor.execute(chain(lambda: 1))
    stream = executor.stream(chain(lambda: 1))
    with pytest.raises(RunShedError, match="was drained"):
        list(stream)
    assert executor.get_stats().shed_runs == 2
    assert executor.with_options().execute(chain(lambda: 1)).is_success()


def test_runs_that_wait_for_their_turn_are_refused_at_once(host):
    executor, gate = Executor(host=host, max_runs=1), Gate()
    with Running(executor, chain(gate)) as first:
        gate.entered.wait(5)
        with Running(executor, chain(lambda: 1)) as second:
            soon(lambda: executor.get_stats().queued == 1)
            drain = threading.Thread(target=executor.drain)
            drain.start()
        assert isinstance(second.error, RunShedError)
        gate.go.set()
        drain.join(5)
    assert first.end().is_success()
    assert (executor.get_stats().in_flight, executor.get_stats().queued) == (0, 0)


def test_back_offs_and_delays_end_at_once(host):
    def fail():
        raise OSError("for now")

    workflow = Workflow("w")
    workflow.add_node(Node.transform("again", fail, retry={"max_attempts": 5, "base": 600, "cap": 600}))
    workflow.add_node(Node.delay("wait", 600))
    workflow.add_node(after())
    workflow.connect("again", "after")
    workflow.connect("wait", "after")
    executor, events = Executor(host=host), []
    stream = executor.stream(workflow)

    def read():
        for event in stream:
            events.append(event.type)

    reader = threading.Thread(target=read)
    reader.start()
    soon(lambda: "node.retrying" in events)
    started = time.monotonic()
    [told] = executor.drain(60)
    reader.join(5)
    assert time.monotonic() - started < 1
    assert (told.state, list(told.unfinished)) == ("cancelled", ["again", "wait", "after"])
    assert events[-1] == "run.cancelled"
    assert stream.result.reason == "drained"


def test_items_of_a_map_that_began_end_and_no_other_begins(host):
    gate, seen = Gate(), []

    async def item(item):
        seen.append(item)
        await gate()
        return item

    body = Workflow("body").chain(Node.transform("x", item))
    each = Node.map("each", body, over=list(range(10)), max_concurrency=2)
    executor = Executor(host=host)
    with Running(executor, Workflow("w").chain(each)) as run:
        soon(lambda: len(seen) == 2)
        threading.Timer(0.05, gate.go.set).start()
        [told] = executor.drain(5)
    assert seen == [0, 1]
    assert (told.state, list(told.unfinished)) == ("cancelled", ["each"])
    assert run.end().errors == ()


def test_a_nested_run_is_part_of_the_attempt_that_may_end(host):
    executor, gate = Executor(host=host), Gate()

    def outer():
        return executor.execute(chain(gate, after())).raise_for_failure().output

    with Running(executor, chain(outer)) as run:
        gate.entered.wait(5)
        threading.Timer(0.05, gate.go.set).start()
        [told] = executor.drain(5)
    assert (told.state, run.end().output) == ("succeeded", "done")


def test_a_nested_run_on_a_thread_is_cancelled_with_the_others(host):
    executor, gate = Executor(host=host), Gate()
    inner = []
    with Running(executor, chain(lambda: inner.append(executor.execute(chain(gate))))) as run:
        gate.entered.wait(5)
        [told] = executor.drain(0.05)
        soon(lambda: inner)
    assert (told.state, run.end().abandoned, inner[0].state) == ("cancelled", ["first"], "cancelled")


def test_what_a_drained_run_did_is_undone(host):
    executor, gate, undone = Executor(host=host), Gate(), []
    workflow = Workflow("w").chain(
        Node.transform("book", lambda: 1, compensate=lambda: undone.append("book")),
        Node.transform("pay", lambda _: gate()),
    )
    with Running(executor, workflow) as run:
        gate.entered.wait(5)
        executor.drain(0)
        assert undone == ["book"]
    assert run.end().unfinished == ["pay"]


def test_a_drain_can_be_hurried_from_another_thread(host):
    executor, gate = Executor(host=host), Gate()
    with Running(executor, chain(gate)) as run:
        gate.entered.wait(5)
        threading.Timer(0.05, executor.drain, (0,)).start()
        started = time.monotonic()
        [told] = executor.drain(60)
        assert time.monotonic() - started < 1
    assert (told.state, run.end().reason) == ("cancelled", "drained")


def test_a_body_cannot_drain_the_executor_of_its_own_run(host):
    executor = Executor(host=host)
    result = executor.execute(chain(lambda: executor.drain(0)))
    assert isinstance(result.error.__cause__, WorkflowError)
    assert executor.execute(chain(lambda: 1)).is_success()


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), "1", True, None])
def test_a_bound_that_is_no_time_is_refused_and_drains_nothing(host, seconds):
    executor = Executor(host=host)
    with pytest.raises(ValidationError, match="seconds"):
        executor.drain(seconds)
    assert executor.execute(chain(lambda: 1)).is_success()


def test_drain_on_the_loop_of_the_runs_is_an_error_and_drain_async_works(host):
    async def main():
        executor, gate = Executor(host=host), Gate()
        run = asyncio.create_task(executor.run_async(chain(gate, after())))
        await asyncio.to_thread(gate.entered.wait, 5)
        with pytest.raises(WorkflowError, match="drain_async"):
            executor.drain()
        asyncio.get_running_loop().call_later(0.02, gate.go.set)
        [told] = await executor.drain_async(5)
        assert await executor.drain_async() == []
        return told, await run

    told, result = asyncio.run(main())
    assert (told.state, result.outputs) == ("cancelled", {"first": "done"})


def test_a_drain_that_is_cancelled_cancels_what_still_runs(host):
    async def main():
        executor, gate = Executor(host=host), Gate()
        run = asyncio.create_task(executor.run_async(chain(gate)))
        await asyncio.to_thread(gate.entered.wait, 5)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(executor.drain_async(60), 0.05)
        return await asyncio.wait_for(run, 5)

    assert asyncio.run(main()).reason == "drained"


def test_leaving_a_with_statement_drains_and_an_exception_does_so_at_once(host):
    with Executor(host=host) as executor:
        assert executor.execute(chain(lambda: 1)).is_success()
    with pytest.raises(RunShedError):
        executor.execute(chain(lambda: 1))

    async def main():
        gate = Gate()
        with pytest.raises(KeyError):
            async with Executor(host=host) as executor:
                run = asyncio.create_task(executor.run_async(chain(gate)))
                await asyncio.to_thread(gate.entered.wait, 5)
                raise KeyError
        return await run

    assert asyncio.run(main()).reason == "drained"


def test_a_run_whose_loop_is_blocked_is_told_as_running(host, monkeypatch):
    monkeypatch.setattr("graphbit_core.workflow.draining.LONGEST_END", 0.1)
    executor, entered, go = Executor(host=host), threading.Event(), threading.Event()

    def block():
        entered.set()
        go.wait(10)

    with Running(executor, Workflow("w").chain(Node.transform("first", block, inline=True))):
        entered.wait(5)
        [told] = executor.drain(0.05)
        go.set()
    assert told.state == "running"
    assert executor.drain() == []
