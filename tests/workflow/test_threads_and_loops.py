"""Runs from many threads and event loops, within each other, and over loops and processes that end."""

from __future__ import annotations

import asyncio
import contextvars
import os
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from graphbit_core import Executor, Node, Workflow, WorkflowError

NAME = contextvars.ContextVar("name", default="nobody")


def one(function, **settings):
    return Workflow("one").chain(Node.transform("a", function, **settings))


def script(text, *, stderr_may_hold=()):
    """Runs ``text`` in an interpreter of its own; gives the lines it printed."""
    text = "import asyncio, gc, os, sys, threading, time\n" + PRELUDE + textwrap.dedent(text)
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 0, done.stderr
    if not stderr_may_hold:
        assert done.stderr == ""
    return done.stdout.split()


PRELUDE = """
from graphbit_core import Executor, Node, Workflow, WorkflowError
def one(function, **settings):
    return Workflow("one").chain(Node.transform("a", function, **settings))
"""


def test_many_threads_use_one_executor_and_one_workflow(host):
    executor = Executor(host=host)
    workflow = Workflow("w").chain(
        Node.transform("a", template="{x}"),
        Node.transform("b", lambda v: v),
        Node.transform("c", lambda v: asyncio.sleep(0, v)),
    )
    with ThreadPoolExecutor(16) as pool:
        outputs = list(pool.map(lambda n: executor.execute(workflow, {"x": f"{n}"}).output, range(200)))
    assert outputs == [str(n) for n in range(200)]


def test_execute_within_a_running_loop_gives_the_result(host):
    async def main():
        return Executor(host=host).execute(one(lambda: asyncio.sleep(0.001, "in"))).output

    assert asyncio.run(main()) == "in"


@pytest.mark.parametrize("kind", ["thread", "inline"])
def test_runs_nest_three_deep(host, kind):
    executor, inline = Executor(host=host), kind == "inline"
    workflow = one(lambda: threading.current_thread().name, inline=inline)
    for _ in range(3):
        workflow = one(
            lambda inner=workflow: executor.execute(inner).raise_for_failure().output, inline=inline
        )
    assert isinstance(executor.execute(workflow).output, str)

    async def main():
        return (await executor.run_async(workflow)).output

    assert isinstance(asyncio.run(main()), str)


def test_coroutine_runs_nest_three_deep_on_one_loop(host):
    executor, loops = Executor(host=host), set()

    async def innermost():
        loops.add(id(asyncio.get_running_loop()))
        return "deep"

    workflow = one(innermost)
    for _ in range(3):

        async def outer(inner=workflow):
            loops.add(id(asyncio.get_running_loop()))
            return (await executor.run_async(inner)).output

        workflow = one(lambda outer=outer: outer())
    assert executor.execute(workflow).output == "deep"
    assert len(loops) == 1


def test_a_failure_three_deep_is_told_with_its_whole_chain(host):
    executor = Executor(host=host)

    def fail():
        raise ValueError("the root")

    workflow = one(fail)
    for _ in range(3):
        workflow = one(lambda inner=workflow: executor.execute(inner).raise_for_failure())
    error, causes = executor.execute(workflow).error, []
    while error is not None:
        causes.append(type(error).__name__)
        error = error.__cause__
    assert causes == ["NodeError"] * 4 + ["ValueError"]


def ways(executor):
    def within_a_loop(workflow):
        async def main():
            return executor.execute(workflow)

        return asyncio.run(main())

    def stream(workflow):
        events = executor.stream(workflow)
        list(events)
        return events.result

    def async_stream(workflow):
        async def main():
            events = executor.stream(workflow)
            async for _ in events:
                pass
            return events.result

        return asyncio.run(main())

    return {
        "execute": executor.execute,
        "run_async": lambda workflow: asyncio.run(executor.run_async(workflow)),
        "within a loop": within_a_loop,
        "stream": stream,
        "async stream": async_stream,
    }


@pytest.mark.parametrize("way", ["execute", "run_async", "within a loop", "stream", "async stream"])
@pytest.mark.parametrize("kind", ["thread", "inline", "coroutine"])
def test_context_variables_reach_every_body_and_nested_runs(host, way, kind):
    executor = Executor(host=host)

    async def coroutine():
        return NAME.get()

    def innermost():
        return coroutine() if kind == "coroutine" else NAME.get()

    nested = one(lambda: executor.execute(one(innermost, inline=kind == "inline")).output)
    token = NAME.set("Ada")
    try:
        result = ways(executor)[way](nested)
    finally:
        NAME.reset(token)
    assert result.raise_for_failure().output == "Ada"


def test_a_context_variable_that_a_body_sets_stays_with_it(host):
    executor = Executor(host=host)

    async def body():
        NAME.set("body")
        return NAME.get()

    async def main():
        NAME.set("caller")
        result = await executor.run_async(
            Workflow("w").chain(Node.transform("a", body), Node.transform("b", read))
        )
        return result, NAME.get()

    def read(_):
        return NAME.get()

    result, name = asyncio.run(main())
    assert (result.output, name) == ("caller", "caller")


@pytest.mark.parametrize("way", ["execute", "stream", "within a loop"])
def test_a_body_that_stops_the_private_loop_of_its_run_cancels_it_and_is_told_of(host, way):
    async def stop():
        asyncio.get_running_loop().stop()
        await asyncio.sleep(60)

    executor = Executor(host=host, max_runs=1)
    with pytest.raises(WorkflowError, match="stopped the event loop"):
        ways(executor)[way](one(stop))
    assert executor.get_stats().cancelled_runs == 1
    assert executor.execute(one(lambda: "free")).output == "free"


def test_a_run_whose_callers_loop_was_closed_gives_back_its_place():
    printed = script(
        """
        executor = Executor(max_runs=1)
        loop = asyncio.new_event_loop()
        task = loop.create_task(executor.run_async(one(lambda: asyncio.sleep(60))))
        loop.run_until_complete(asyncio.sleep(0.02))
        loop.close()
        print(executor.get_stats().in_flight)
        del task, loop
        gc.collect()
        print(executor.get_stats().in_flight, executor.execute(one(lambda: "free")).output)
        """,
        stderr_may_hold=["what asyncio says of tasks that were destroyed"],
    )
    assert printed == ["1", "0", "free"]


def test_a_plain_body_that_ends_after_its_loop_was_closed_harms_nobody():
    printed = script(
        """
        go, ended = threading.Event(), threading.Event()
        def body():
            go.wait(10)
            ended.set()
        loop = asyncio.new_event_loop()
        task = loop.create_task(Executor().run_async(one(body)))
        loop.run_until_complete(asyncio.sleep(0.02))
        loop.close()
        go.set()
        print(ended.wait(5), Executor().execute(one(lambda: "next")).output)
        """,
        stderr_may_hold=["what asyncio says of tasks that were destroyed"],
    )
    assert printed == ["True", "next"]


def test_a_reader_on_another_thread_learns_that_the_loop_of_the_run_was_closed():
    printed = script(
        """
        stream = Executor().stream(one(lambda: asyncio.sleep(60)), detach=True)
        async def begin():
            async for event in stream:
                if event.type == "node.started":
                    return
        loop = asyncio.new_event_loop()
        loop.run_until_complete(begin())
        loop.close()
        try:
            list(stream.events())
        except WorkflowError as error:
            print("closed" in str(error))
        """,
        stderr_may_hold=["what asyncio says of tasks that were destroyed"],
    )
    assert printed == ["True"]


@pytest.mark.parametrize("way", ["execute", "stream"])
def test_the_interpreter_exits_at_once_beside_an_abandoned_body(way):
    printed = script(
        f"""
        executor = Executor(timeout_seconds=0.1)
        workflow = one(lambda: time.sleep(60))
        if {way!r} == "execute":
            result = executor.execute(workflow)
        else:
            stream = executor.stream(workflow)
            list(stream)
            result = stream.result
        print(*result.abandoned)
        """
    )
    assert printed == ["a"]


def test_the_interpreter_exits_at_once_beside_a_detached_run():
    printed = script(
        """
        stream = Executor().stream(one(lambda: asyncio.sleep(60)), detach=True)
        for event in stream:
            if event.type == "node.started":
                break
        print("left")
        """
    )
    assert printed == ["left"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_forked_while_runs_go_on_and_wait_starts_with_a_free_executor():
    printed = script(
        """
        executor = Executor(max_runs=2, max_queued_runs=1)
        go = threading.Event()
        busy = [threading.Thread(target=executor.execute, args=(one(lambda: go.wait(10)),)) for _ in range(3)]
        for thread in busy:
            thread.start()
        while (executor.get_stats().in_flight, executor.get_stats().queued) != (2, 1):
            time.sleep(0.001)
        child = os.fork()
        if child == 0:
            before = executor.get_stats()
            fine = executor.execute(one(lambda: "free")).output == "free"
            stream = executor.stream(one(lambda: "streamed"))
            list(stream)
            fine &= (before.in_flight, before.queued, before.total_runs) == (0, 0, 0)
            fine &= stream.result.output == "streamed" and executor.get_stats().total_runs == 2
            os._exit(0 if fine else 1)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        go.set()
        for thread in busy:
            thread.join()
        print(executor.get_stats().successful_runs)
        """,
        stderr_may_hold=["Python's warning of forks beside threads"],
    )
    assert printed == ["0", "3"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_body_that_forks_leaves_the_run_to_its_parent():
    printed = script(
        """
        executor = Executor(max_runs=1)
        def body():
            child = os.fork()
            if child == 0:
                os._exit(0 if executor.execute(one(lambda: "child")).output == "child" else 1)
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(executor.execute(one(body)).output, executor.get_stats().in_flight)
        """,
        stderr_may_hold=["Python's warning of forks beside threads"],
    )
    assert printed == ["0", "0"]


def test_the_objects_of_the_engine_say_what_they_are():
    workflow = Workflow("w").chain(Node.transform("a", template="{topic}"))
    executor = Executor.sequential()
    assert repr(executor) == "Executor(sequential, 0 runs going on, 0 waiting)"
    assert repr(workflow.compile()) == "Compiled('w', 1 nodes, inputs ['topic'])"
    stream = executor.stream(workflow, {"topic": "x"})
    assert repr(stream) == "RunStream(not started)"
    list(stream)
    assert repr(stream) == "RunStream(ended)"
