"""Whatever ends a run early: its sockets are closed; no task, thread, timer, process or permit is left."""

from __future__ import annotations

import asyncio
import os
import random
import re
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from busy import HANG, HOST, Busy, busy_workers, descriptors, left_on, soon

from graphbit_core import Executor, LlmClient, Node, Workflow
from graphbit_core.kernel.calls import engine
from graphbit_core.testing import ModelServer, Reply

CLOSES_WITHIN = 0.2
"""Seconds from the end of a run to the end of its connections, as their server sees it."""


@pytest.fixture
def server():
    with ModelServer(HANG) as server:
        yield server


def executor_at(url, **options):
    return Executor(LlmClient("openai:scripted-1", base_url=url, api_key="k"), host=HOST, **options)


# --- ways to end a run early ---------------------------------------------------------------------------


async def cancel(executor, workflow, moment):
    run = asyncio.create_task(executor.run_async(workflow))
    await moment()
    run.cancel()
    with suppress(asyncio.CancelledError):
        await run


async def leave(executor, workflow, moment):
    async def read():
        async for _ in executor.stream(workflow):
            pass

    reader = asyncio.create_task(read())
    await moment()
    reader.cancel()
    with suppress(asyncio.CancelledError):
        await reader


async def drain(executor, workflow, moment):
    executor = executor.with_options()
    run = asyncio.create_task(executor.run_async(workflow))
    await moment()
    await executor.drain_async(0)
    await run


async def fail(executor, workflow, moment):
    async def broken():
        await moment()
        raise ValueError("broken")

    beside = Workflow("beside")
    beside.add_node(Node.subworkflow("all", workflow))
    beside.add_node(Node.transform("broken", broken))
    result = await executor.run_async(beside)
    assert result.is_success() or "broken" in str(result.error), result.error


async def expire(executor, workflow, moment):
    started = time.monotonic()
    await moment()  # how long that takes is how long the run may take
    timed = executor.with_options(timeout_seconds=max(time.monotonic() - started, 0.001))
    await timed.run_async(workflow)


WAYS = {way.__name__: way for way in (cancel, leave, drain, fail, expire)}


# --- sockets -------------------------------------------------------------------------------------------


async def arrival(server, count=1):
    """Until so many requests have come."""
    while len(server.requests()) < count:
        await asyncio.sleep(0.002)


def calls(server):
    async def look_up_later():
        """Looks it up."""
        return (await executor_at(server.url).run_async(calls(server)["agent"])).output

    fetch = Node.http_request("fetch", f"{server.url}/page", allow_hosts=["127.0.0.1"])
    nodes = {
        "agent": Node.agent("ask", "Hi"),
        "http_request": fetch,
        "in a map": Node.map("each", Node.agent("ask", "Hi"), over=[1]),
        "tool": Node.agent("ask", "Hi", tools=[look_up_later]),
    }
    return {name: Workflow(name).chain(node) for name, node in nodes.items()}


@pytest.mark.parametrize("kind", ["agent", "http_request", "in a map", "tool"])
@pytest.mark.parametrize("way", WAYS)
def test_the_sockets_of_a_run_are_closed_when_it_ends_early(server, way, kind):
    async def main():
        workflow, first = calls(server)[kind], 1
        url = server.url
        if kind == "tool":
            call = {"id": "1", "type": "function", "function": {"name": "look_up_later", "arguments": "{}"}}
            message = {"role": "assistant", "content": None, "tool_calls": [call]}
            asked = {"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}
            url, first = server.script(Reply.json(asked)), 2

        async def moment():
            if way == "expire":
                await asyncio.sleep(0.1)
            else:
                await arrival(server, first)

        await WAYS[way](executor_at(url), workflow, moment)
        ended = time.monotonic()
        peers = [peer for peer in server.peers if any("script" not in r.path for r in peer.requests)]
        assert peers
        assert await asyncio.to_thread(server.wait, lambda: all(peer.left != "open" for peer in peers), 2)
        assert max(peer.left_at for peer in peers) - ended < CLOSES_WITHIN
        assert (engine().in_flight(), left_on(asyncio.get_running_loop())) == (0, [])

    asyncio.run(main())


# --- 200 moments ---------------------------------------------------------------------------------------


async def look_after(busy, executor, hanging):
    """Nothing is left of a run that has just ended, and the next one works."""
    loop = asyncio.get_running_loop()
    assert left_on(loop) == []
    assert executor.get_stats().in_flight == 0
    assert (busy.streams_open, busy.undone) == (0, busy.booked)
    assert soon(lambda: engine().in_flight() == 0, 0.2)
    assert soon(lambda: busy_workers() <= hanging, 0.5)
    result = await executor.run_async(Workflow("next").chain(Node.transform("a", lambda: "next")))
    assert result.output == "next"


@pytest.mark.integration
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="descriptors are counted in /proc")
def test_a_run_that_ends_at_any_moment_leaves_nothing_behind():
    dice = random.Random(7)

    async def main(server):
        busy, hanging = Busy(server), busy_workers()  # what other tests have left to itself
        executor, workflow = busy.executor(), busy.workflow()
        for number in range(210):
            if number == 10:
                before = descriptors(), threading.active_count()
            seconds = dice.uniform(0, 0.05)
            way = dice.choice(sorted(WAYS))
            await WAYS[way](executor, workflow, lambda seconds=seconds: asyncio.sleep(seconds))
            await look_after(busy, executor, hanging)
        assert busy.undone > 150
        return before

    with ModelServer() as server:
        opened, threads = asyncio.run(main(server))
        connections = len([peer for peer in server.peers if peer.left == "open"])
        # Connections without a call stay open for the next ones; of each both ends are in this process.
        assert descriptors() <= opened + 2 * connections
        assert threading.active_count() <= threads + connections + 8


# --- single things -------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_an_isolated_process_is_killed(tmp_path, way):
    note = tmp_path / "pid"
    workflow = Workflow("w").chain(
        Node.transform("note", lambda: str(note), inline=True),
        Node.transform("process", "isolated:hang", isolation="process"),
    )

    async def main():
        async def moment():
            while not note.exists() or not note.read_text():
                await asyncio.sleep(0.005)
            if way == "expire":
                note.unlink()

        await (cancel if way == "expire" else WAYS[way])(Executor(host=HOST), workflow, moment)
        if way == "expire":
            await Executor(host=HOST, timeout_seconds=0.5).run_async(workflow)

    asyncio.run(main())
    pid = int(note.read_text())

    def is_gone():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return re.search(r"^State:\s+Z", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE) is not None

    assert soon(is_gone, 1)


def streaming(source, **options):
    body = Workflow("body").chain(Node.transform("x", lambda: asyncio.sleep(60)))
    return Workflow("w").chain(Node.map("each", body, over=source, **options))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["async", "plain"])
def test_the_generator_that_a_map_reads_is_closed(way, kind):
    told = []

    async def stream():
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)
            told.append("closed")

    def plain():
        try:
            yield 1
            yield 2
        finally:
            told.append("closed")

    generator = stream if kind == "async" else plain
    held = []  # so that it is not closed by being collected

    def over():
        held.append(generator())
        return held[-1]

    async def main():
        await WAYS[way](Executor(host=HOST), streaming(over), lambda: asyncio.sleep(0.05))
        assert told == ["closed"]
        assert left_on(asyncio.get_running_loop()) == []

    asyncio.run(main())


def test_a_generator_that_cannot_be_closed_is_told_of_and_harms_nobody(caplog):
    async def stream():
        try:
            yield 1
            yield 2
        finally:
            raise ValueError("no")

    asyncio.run(cancel(Executor(host=HOST), streaming(lambda: stream()), lambda: asyncio.sleep(0.05)))
    assert "could not be closed" in caplog.text


@pytest.mark.parametrize("again", [False, True], ids=["bounded", "cancelled again"])
def test_compensations_of_a_cancelled_run_are_bounded(monkeypatch, again):
    monkeypatch.setattr("graphbit_core.workflow.driver._COMPENSATION_GRACE", 30.0 if again else 0.1)
    undone = []
    book = {"compensate": lambda: undone.append(1) or asyncio.sleep(60), "inline": True}
    workflow = Workflow("w").chain(
        Node.transform("first", lambda: 1, **book),
        Node.transform("second", lambda _: 1, **book),
        Node.transform("hold", lambda _: asyncio.sleep(60)),
    )

    async def main():
        run = asyncio.create_task(Executor(host=HOST).run_async(workflow))
        await asyncio.sleep(0.05)
        run.cancel()
        started = time.monotonic()
        if again:
            await asyncio.sleep(0.05)
            run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert time.monotonic() - started < 1
        assert (undone, left_on(asyncio.get_running_loop())) == ([1], [])

    asyncio.run(main())


def test_compensations_of_a_run_that_is_overdue_are_bounded_and_the_failure_is_told(monkeypatch):
    monkeypatch.setattr("graphbit_core.workflow.driver._COMPENSATION_GRACE", 0.1)
    workflow = Workflow("w").chain(
        Node.transform("first", lambda: 1, compensate=lambda: asyncio.sleep(60)),
        Node.transform("hold", lambda _: asyncio.sleep(60)),
    )
    started = time.monotonic()
    result = Executor(host=HOST, timeout_seconds=0.1).execute(workflow)
    assert time.monotonic() - started < 1
    overdue, undone = result.errors
    assert "was not done within 0.1 s" in str(overdue)
    assert "'first'" in str(undone) and "was not undone within 0.1 s" in str(undone)
    assert result.outputs == {"first": 1}


def test_a_compensation_that_cancels_itself_has_failed_and_its_node_keeps_its_output():
    async def undo():
        raise asyncio.CancelledError

    workflow = Workflow("w").chain(
        Node.transform("first", lambda: 1, compensate=undo), Node.transform("bad", lambda _: 1 / 0)
    )
    result = Executor(host=HOST).execute(workflow)
    assert result.outputs == {"first": 1}
    assert ["ZeroDivisionError" in str(e) or "CancelledError" in str(e) for e in result.errors] == [True] * 2
