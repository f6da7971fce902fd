"""Streams of runs: slow readers, several readers, readers that leave and come back."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from graphbit_core import (
    EventFile,
    Executor,
    LlmClient,
    MissingInputError,
    Node,
    ValidationError,
    Workflow,
    WorkflowError,
)
from graphbit_core.host import Host
from graphbit_core.nodes.agent import AgentNode
from graphbit_core.testing import ScriptedModel


def chain(*functions):
    workflow = Workflow("w")
    return workflow.chain(*(Node.transform(f"n{i}", f) for i, f in enumerate(functions)))


def talk(count, text="x "):
    """A body that emits ``count`` deltas."""

    def body(context):
        for _ in range(count):
            context.emit("llm.delta", {"kind": "text", "text": text, "index": 0})
        return text * count

    return body


async def for_long():
    await asyncio.sleep(60)


def said(events):
    return "".join(event.data["text"] for event in events if event.type == "llm.delta")


def covered(events):
    """The ``seq`` that events stand for, joined ones included."""
    return [n for event in events for n in range(event.data.get("first_seq", event.seq), event.seq + 1)]


def wait_until(condition):
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.002)


def test_a_reader_that_stands_still_does_not_stall_the_run(host):
    done = threading.Event()
    stream = Executor(host=host).stream(chain(talk(5000), lambda _: done.set()))
    events = iter(stream)
    first = next(events)
    assert done.wait(10)
    rest = list(events)
    assert covered([first, *rest]) == list(range(rest[-1].seq + 1))
    assert said(rest) == "x " * 5000
    assert len(rest) < 1000
    assert {"run.succeeded", "node.started", "edge.live"} <= {event.type for event in rest}


@pytest.mark.parametrize("pause", [0, 0.05])
def test_joined_deltas_of_a_model_equal_its_answer(pause):
    answer = " ".join(f"word{n}" for n in range(3000))
    components = {
        ("node_type", "agent"): AgentNode,
        ("provider", "scripted"): lambda: ScriptedModel([answer]),
    }
    host = Host.isolated(components)
    executor = Executor(LlmClient("scripted", host=host), host=host)
    stream, events = executor.stream(Workflow("w").chain(Node.agent("a", "talk"))), []
    for event in stream:
        events.append(event)
        if event.type == "llm.started":
            time.sleep(pause)
    assert said(events) == answer == stream.result.output


def test_a_slow_coroutine_reads_all_while_the_run_goes_on(host):
    async def main():
        stream = Executor(host=host).stream(chain(talk(2000), lambda _: 1))
        events = []
        async for event in stream:
            events.append(event)
            if len(events) % 50 == 0:
                await asyncio.sleep(0.001)
        return events

    events = asyncio.run(main())
    assert covered(events) == list(range(events[-1].seq + 1))


def test_a_detached_run_goes_on_and_its_reader_comes_back(host):
    go, stream = threading.Event(), None
    stream = Executor(host=host).stream(chain(lambda: go.wait(10), talk(10), lambda _: "end"), detach=True)
    seen = []
    for event in stream:
        seen.append(event)
        if event.type == "node.started":
            break
    go.set()
    wait_until(lambda: not stream._run.log.cursors and stream._run.log.closed)
    assert stream.result.output == "end"
    seen += stream.events(seen[-1].seq + 1)
    assert [event.seq for event in seen] == list(range(len(seen)))
    assert list(stream.events()) == seen


def test_a_detached_run_can_be_cancelled(host):
    stream = Executor(host=host).stream(chain(for_long), detach=True)
    for event in stream:
        if event.type == "node.started":
            break
    stream.cancel()
    with pytest.raises(WorkflowError, match="was cancelled before its end"):
        list(stream.events())
    assert "run.cancelled" in [event.type for event in stream._run.log._entries]


def test_the_run_is_cancelled_when_the_last_reader_leaves_and_not_before(host):
    go = asyncio.Event()
    cancelled = []

    async def wait():
        try:
            await go.wait()
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(1)
            raise

    async def main():
        stream = Executor(host=host).stream(chain(wait))
        first, second = aiter(stream), aiter(stream.events())
        while (await anext(first)).type != "node.started":
            await anext(second)
        await first.aclose()
        await asyncio.sleep(0.01)
        assert cancelled == []
        await second.aclose()
        assert cancelled == [1]
        with pytest.raises(WorkflowError, match="cancelled"):
            _ = stream.result

    asyncio.run(main())


def test_many_readers_on_threads_and_loops_are_given_the_same(host):
    stream = Executor(host=host).stream(chain(*[lambda *_: time.sleep(0.001)] * 30), keep=None)

    def plain(_):
        return [(event.seq, event.type) for event in stream.events()]

    def coroutine(_):
        async def main():
            return [(event.seq, event.type) async for event in stream.events()]

        return asyncio.run(main())

    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(lambda: [(event.seq, event.type) for event in stream])
        wait_until(lambda: stream._run._runner is not None)
        others = [pool.submit(way, n) for n in range(4) for way in (plain, coroutine)]
        expected = first.result(20)
        assert all(other.result(20) == expected for other in others)
    assert stream.result.is_success()


def test_a_thread_reads_a_run_on_another_threads_loop(host):
    async def main():
        stream = Executor(host=host).stream(chain(*[lambda *_: asyncio.sleep(0.001)] * 20))
        reading = None
        types = []
        async for event in stream:
            types.append(event.type)
            reading = reading or asyncio.ensure_future(asyncio.to_thread(lambda: list(stream.events())))
        assert [event.type for event in await reading] == types

    asyncio.run(main())


def test_reading_with_for_on_the_loop_of_the_run_says_how_to_read_it(host):
    async def main():
        stream = Executor(host=host).stream(chain(lambda: asyncio.sleep(0.05)))
        async for event in stream:
            if event.type == "node.started":
                with pytest.raises(WorkflowError, match="read it with `async for`"):
                    list(stream.events())
        assert stream.result.is_success()

    asyncio.run(main())


@pytest.mark.parametrize("sort", ["stream", "reader"])
def test_only_the_types_that_are_wanted_are_given(host, sort):
    types = ("node.*", "llm.delta")
    executor, workflow = Executor(host=host), chain(talk(3))
    events = (
        executor.stream(workflow, types=types)
        if sort == "stream"
        else executor.stream(workflow).events(0, types)
    )
    assert [event.type for event in events] == [
        "node.ready",
        "node.started",
        *["llm.delta"] * 3,
        "node.succeeded",
    ]


@pytest.mark.parametrize("types", [("node.suceeded",), ("nodes.*",), "node.*"])
def test_a_pattern_that_fits_nothing_is_refused_at_once(host, types):
    with pytest.raises(ValidationError) as caught:
        Executor(host=host).stream(chain(lambda: 1), types=types)
    assert caught.value.field == "types"
    assert "did you mean 'node.succeeded'" in str(caught.value) or types != ("node.suceeded",)


def test_wrong_numbers_are_named(host):
    with pytest.raises(ValidationError, match="keep is -1"):
        Executor(host=host).stream(chain(lambda: 1), keep=-1)
    with pytest.raises(ValidationError, match="from_seq is -1"):
        Executor(host=host).stream(chain(lambda: 1)).events(-1)


def test_what_keeps_a_run_from_starting_is_raised_to_its_reader(host):
    workflow = Workflow("w").chain(Node.transform("a", template="{topic}"))
    stream = Executor(host=host).stream(workflow)
    with pytest.raises(MissingInputError):
        list(stream)
    with pytest.raises(MissingInputError):
        _ = stream.result

    async def main():
        async for _ in Executor(host=host).stream(workflow):
            pass

    with pytest.raises(MissingInputError):
        asyncio.run(main())


def test_the_result_is_there_when_the_events_have_been_read(host):
    stream = Executor(host=host).stream(chain(lambda: 1))
    with pytest.raises(WorkflowError, match="read all its events first"):
        _ = stream.result
    list(stream)
    assert stream.result.output == 1


def test_a_stream_is_written_as_json_lines_and_read_back(host, tmp_path):
    stream = Executor(host=host).stream(chain(talk(1000), lambda _: b"bytes"))
    stream.to_jsonl(tmp_path / "run.jsonl")
    events = list(EventFile.read(tmp_path / "run.jsonl"))
    assert [event.seq for event in events] == list(range(len(events)))
    assert said(events) == "x " * 1000
    assert said(stream.events()) == said(events)
    assert stream.result.is_success()


def test_writing_what_is_no_longer_kept_says_so(host, tmp_path):
    stream = Executor(host=host).stream(chain(talk(3000)), keep=10)
    for event in stream:
        assert event
    with pytest.raises(WorkflowError, match="no longer kept"):
        stream.to_jsonl(tmp_path / "run.jsonl")


def test_reading_leaves_no_thread_behind(host):
    for _ in range(20):
        stream = Executor(host=host).stream(chain(lambda: 1))
        list(stream)
        events = iter(Executor(host=host).stream(chain(for_long)))
        next(events)
        del events
    gc.collect()
    assert not [thread for thread in threading.enumerate() if thread.name == "graphbit-run"]
