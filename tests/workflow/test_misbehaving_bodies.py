"""Whatever a body does, its run ends soon, says what went wrong, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import datetime
import gc
import inspect
import multiprocessing
import sys
import threading
import time
import warnings

import pytest

from graphbit_core import (
    BudgetExceededError,
    Choice,
    DeadlineError,
    Executor,
    Node,
    RunCaps,
    ValidationError,
    Workflow,
    WorkflowError,
)
from graphbit_core.host import hookimpl
from graphbit_core.workflow.loops import LoopThread


class Own(BaseException):
    """Not an Exception, as some test and async libraries have them."""


class Speechless(Exception):
    def __str__(self):
        raise RuntimeError("no words")


def one(function, **settings):
    return Workflow("one").chain(Node.transform("a", function, **settings))


def run(host, workflow, inputs=None, *, timeout_seconds=20.0, **settings):
    return Executor(host=host, timeout_seconds=timeout_seconds, **settings).execute(workflow, inputs)


def raising(error, kind):
    def plain():
        raise error

    async def coroutine():
        raise error

    return one(coroutine) if kind == "coroutine" else one(plain, inline=kind == "inline")


@pytest.mark.parametrize("kind", ["coroutine", "inline", "thread"])
@pytest.mark.parametrize(
    "error", [Own("own"), GeneratorExit(), Speechless(), ValueError("\ud800")], ids=lambda e: type(e).__name__
)
def test_whatever_a_body_raises_is_the_failure_of_its_node(host, error, kind):
    result = run(host, raising(error, kind))
    assert result.state == "failed"
    assert type(error).__name__ in str(result.error)
    assert result.error.__cause__ is error


@pytest.mark.parametrize("kind", ["coroutine", "inline", "thread"])
def test_a_body_that_cancels_itself_ends_the_run_as_cancelled(host, kind):
    assert run(host, raising(asyncio.CancelledError(), kind)).state == "cancelled"


@pytest.mark.parametrize("targets", [None, "left", [1], {"left": 1}], ids=repr)
@pytest.mark.parametrize("inline", [True, False])
def test_a_choice_of_anything_but_a_list_of_text_is_a_failure(host, inline, targets):
    result = run(host, one(lambda: Choice(targets), inline=inline))
    assert result.state == "failed"
    assert isinstance(result.error.__cause__, ValidationError)


def test_a_coroutine_that_ignores_its_cancellation_is_abandoned_and_does_not_hold_up_execute(
    host, monkeypatch
):
    monkeypatch.setattr("graphbit_core.workflow.driver._CANCEL_GRACE", 0.2)

    async def deaf():
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                continue

    started = time.monotonic()
    result = run(host, one(deaf), timeout_seconds=0.1)
    assert time.monotonic() - started < 2
    assert isinstance(result.error, DeadlineError)
    assert result.abandoned == ["a"]


def test_a_deadline_does_not_wait_for_threads_of_asyncio(host):
    release = threading.Event()

    async def blocked():
        await asyncio.to_thread(release.wait, 10)

    started = time.monotonic()
    result = run(host, one(blocked), timeout_seconds=0.1)
    release.set()
    assert isinstance(result.error, DeadlineError)
    assert time.monotonic() - started < 1


def test_a_coroutine_cancelled_before_it_began_is_neither_abandoned_nor_complained_of(host):
    async def slow():
        await asyncio.sleep(60)

    def boom():
        raise ValueError("boom")

    workflow = Workflow("two")
    workflow.add_node(Node.transform("slow", slow))
    workflow.add_node(Node.transform("boom", boom, inline=True))
    for name in ("slow", "boom"):
        workflow.add_node(Node.transform(f"after-{name}", lambda x: x))
        workflow.connect(name, f"after-{name}")
    workflow.connect("boom", "after-slow")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = run(host, workflow)
        gc.collect()
    assert result.state == "failed"
    assert result.abandoned == []


def test_bodies_on_many_threads_write_variables_while_others_start(host):
    def write(context):
        context.set_variable(context.node_id, 1)
        return context.inputs.get("nothing")

    workflow = Workflow("wide")
    workflow.add_node(Node.transform("first", lambda: 1))
    for number in range(500):
        workflow.add_node(Node.transform(f"n{number}", write))
        workflow.connect("first", f"n{number}")
    result = run(host, workflow, type_limits={"transform": 100})
    assert result.is_success(), result.error
    assert len(result.variables) == 500


def test_a_run_goes_by_the_workflow_as_it_was_when_it_started(host):
    workflow = Workflow("grows")

    def grow():
        workflow.add_node(Node.transform("late", lambda: "late"))
        return "done"

    workflow.chain(Node.transform("a", grow))
    assert run(host, workflow).output == "done"
    assert set(workflow.nodes) == {"a", "late"}


def test_an_event_emitted_after_the_run_is_dropped(host):
    contexts = []
    events = []

    async def main():
        stream = Executor(host=host).stream(one(lambda context: contexts.append(context)))
        async for event in stream:
            events.append(event.type)
        await asyncio.to_thread(contexts[0].emit, "custom", {})
        await asyncio.sleep(0.01)

    asyncio.run(main())
    contexts[0].emit("custom", {})
    assert "custom" not in events


def test_a_stream_is_iterated_once(host):
    ran = []
    stream = Executor(host=host).stream(one(lambda: ran.append(1)))
    list(stream)
    with pytest.raises(WorkflowError, match="another run"):
        list(stream)
    assert ran == [1]


def test_a_subscriber_that_raises_is_named_and_gets_no_more_of_the_run(host, caplog):
    heard = []

    class Ill:
        @hookimpl
        def graphbit_subscribe_events(self):
            def subscriber(event):
                heard.append(event.type)
                raise SystemExit(1)

            return subscriber

    host.register(Ill(), "ill-plugin")
    assert run(host, one(lambda: 1)).is_success()
    assert len(heard) == 1
    assert "ill-plugin" in caplog.text


@pytest.mark.parametrize("pause", [0.0, 0.1], ids=["at once", "later"])
def test_stopping_a_loop_thread_cancels_what_runs_on_it(pause):
    thread = LoopThread(asyncio.sleep(60))
    time.sleep(pause)
    started = time.monotonic()
    thread.stop()
    assert time.monotonic() - started < 2
    with pytest.raises(asyncio.CancelledError):
        thread.result()


def test_a_forked_child_runs_the_workflows_of_its_parent_on_threads_of_its_own(host):
    workflow = one(lambda: "done")
    run(host, workflow)  # leaves an idle worker thread and a compiled plan, which the child cannot use
    fork = multiprocessing.get_context("fork")
    answers = fork.SimpleQueue()
    child = fork.Process(target=lambda: answers.put(run(host, workflow, timeout_seconds=5.0).state))
    child.start()
    child.join(15)
    assert answers.get() == "succeeded"


@pytest.mark.parametrize("error", [Own("own"), SystemExit(3)], ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("kind", ["coroutine", "thread"])
def test_whatever_the_condition_of_an_edge_raises_fails_the_node_before_it(host, error, kind):
    def test(value):
        raise error

    async def coroutine():
        return 1

    workflow = one(coroutine if kind == "coroutine" else lambda: 1)
    workflow.add_node(Node.transform("b", lambda value: value))
    workflow.connect("a", "b", when=test)
    result = run(host, workflow, timeout_seconds=5)
    assert result.state == "failed"
    assert result.error.__cause__ is error


@pytest.mark.parametrize(
    "asked", [datetime.timedelta(seconds=9), "soon", -1, float("nan"), float("inf"), True], ids=repr
)
def test_an_odd_retry_after_of_another_library_is_ignored(host, asked):
    class Busy(Exception):
        retry_after = asked

    attempts = []

    def busy():
        attempts.append(1)
        raise Busy

    result = run(host, one(busy, retry={"max_attempts": 2, "base": 0}), timeout_seconds=5)
    assert result.state == "failed"
    assert len(attempts) == 2


def test_an_error_that_cannot_say_whether_to_try_again_is_told_of(host):
    class Broken(Exception):
        @property
        def retryable(self):
            raise RuntimeError("no")

    assert "Broken" in str(run(host, raising(Broken(), "thread"), timeout_seconds=5).error)


def test_a_cap_that_is_passed_while_several_nodes_start_ends_the_run(host):
    workflow = Workflow("w")
    for number in range(5):
        workflow.add_node(Node.transform(f"n{number}", lambda: 1))
    result = run(host, workflow, caps=RunCaps(nodes=2))
    assert isinstance(result.error, BudgetExceededError)
    assert len(result.errors) == 1


def test_a_coroutine_that_a_thread_gives_after_its_loop_was_closed_is_closed(host):
    given, go_on = [], threading.Event()

    async def never():
        await asyncio.sleep(60)

    def late():
        go_on.wait(5)
        given.append(never())
        return given[0]

    assert run(host, one(late), timeout_seconds=0.05).abandoned == ["a"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        go_on.set()
        for _ in range(100):
            if given and inspect.getcoroutinestate(given[0]) == inspect.CORO_CLOSED:
                return
            time.sleep(0.01)
    pytest.fail("it was not closed")


def test_a_loop_that_is_closed_under_its_run_raises_nothing_odd(host, monkeypatch):
    unraisable = []
    monkeypatch.setattr(sys, "unraisablehook", lambda event: unraisable.append(event.exc_value))

    async def endless():
        await asyncio.sleep(60)

    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda loop, context: None)  # asyncio's own: a task was destroyed
    task = loop.create_task(Executor(host=host).run_async(one(endless)))
    loop.call_later(0.05, loop.stop)
    loop.run_forever()
    loop.close()
    del task
    gc.collect()
    assert unraisable == []
