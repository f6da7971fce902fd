"""Streams that maps read: they hold up nobody, and are closed however the map ends."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from graphbit_core import Executor, Node, Workflow


class Streams:
    """Makes streams, and notes which were closed."""

    def __init__(self):
        self.closed = []
        self.made = []

    def plain(self):
        def numbers():
            try:
                yield from range(100)
            finally:
                self.closed.append(threading.current_thread().name)

        self.made.append(numbers())  # kept, so that no garbage collection closes it
        return self.made[-1]

    def waiting(self):
        async def numbers():
            try:
                for number in range(100):
                    yield number
            finally:
                await asyncio.sleep(0)
                self.closed.append("loop")

        self.made.append(numbers())
        return self.made[-1]


def run(host, stream, body, *, timeout_seconds=5.0, **options):
    workflow = Workflow("w").chain(Node.transform("source", stream), Node.map("each", body, **options))
    return Executor(host=host, timeout_seconds=timeout_seconds).execute(workflow)


def failing(item):
    if item == 2:
        raise ValueError("two")


async def endless(item):
    await asyncio.sleep(60)


@pytest.mark.parametrize("kind", ["plain", "waiting"])
@pytest.mark.parametrize(
    ("body", "options", "state"),
    [
        (failing, {}, "failed"),
        (endless, {"timeout": 0.05}, "failed"),
        (endless, {"timeout": 0.05, "on_error": "skip"}, "succeeded_degraded"),
        (endless, {"timeout_seconds": 0.05}, "failed"),
        (lambda item: item, {}, "succeeded"),
    ],
    ids=["failure", "timeout", "handled", "deadline", "end"],
)
def test_a_stream_is_closed_however_its_map_ends(host, kind, body, options, state):
    streams = Streams()
    result = run(host, getattr(streams, kind), Node.transform("body", body), **options)
    assert result.state == state
    assert len(streams.closed) == 1
    assert result.abandoned == []


def test_a_stream_is_closed_when_its_run_is_cancelled(host):
    streams = Streams()
    workflow = Workflow("w").chain(
        Node.transform("source", streams.waiting), Node.map("each", Node.transform("b", endless))
    )

    async def main():
        run = asyncio.create_task(Executor(host=host).run_async(workflow))
        await asyncio.sleep(0.1)
        run.cancel()
        await asyncio.wait([run])
        return run.cancelled(), list(streams.closed)

    assert asyncio.run(main()) == (True, ["loop"])


def test_a_stream_that_fails_when_it_is_closed_is_told_of(host, caplog):
    def numbers():
        try:
            yield from range(100)
        finally:
            raise OSError("the cursor is gone")

    result = run(host, numbers, Node.transform("body", failing))
    assert result.state == "failed"
    assert "the cursor is gone" in caplog.text


def test_each_attempt_of_a_map_closes_its_own_stream(host):
    streams, seen = Streams(), []

    def once(item):
        seen.append(item)
        if len(seen) == 1:
            raise ValueError("first attempt")
        return item

    workflow = Workflow("w").chain(
        Node.map(
            "each",
            Node.transform("body", once),
            over=lambda: streams.plain(),
            retry={"max_attempts": 2, "base": 0},
        )
    )
    result = Executor(host=host).execute(workflow)
    assert result.output == list(range(100))
    assert len(streams.closed) == 2


def test_a_plain_stream_that_blocks_holds_up_nobody(host):
    def slow():
        for number in range(3):
            time.sleep(0.1)
            yield number

    beats = []

    async def beat():
        for _ in range(10):
            before = time.monotonic()
            await asyncio.sleep(0.01)
            beats.append(time.monotonic() - before)

    workflow = Workflow("w").chain(
        Node.transform("source", slow), Node.map("each", Node.transform("b", lambda item: item))
    )
    workflow.add_node(Node.transform("beat", beat))
    workflow.add_node(Node.transform("end", lambda value: value))
    workflow.connect("beat", "end")
    assert Executor(host=host).execute(workflow).outputs["each"] == [0, 1, 2]
    assert max(beats) < 0.09


def test_a_stream_that_is_just_read_is_closed_when_that_ends(host):
    reading, go_on, closed = threading.Event(), threading.Event(), threading.Event()

    def stuck():
        try:
            yield 0
            reading.set()
            go_on.wait(5)
            yield 1
        finally:
            closed.set()

    made = stuck()
    result = run(host, lambda: made, Node.transform("body", lambda item: item), timeout=0.1)
    assert reading.is_set() and not closed.is_set()
    assert result.abandoned == ["each"]
    go_on.set()
    assert closed.wait(5)
