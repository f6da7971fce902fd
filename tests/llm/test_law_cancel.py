"""The law: cancelling closes the socket, gives everything back and leaves nothing behind; Ctrl-C works."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from graphbit_openai import OpenAIProvider

from graphbit_core import Executor, Host, LlmClient, Node, ResponseCache, ValidationError, Workflow
from graphbit_core.kernel.calls import engine
from graphbit_core.nodes.agent import AgentNode
from graphbit_core.testing import ModelServer, Reply, ScriptedModel
from graphbit_core.testing.model_server import Peer, Received
from graphbit_core.testing.replies import chat_body, chat_events, error_body, sse
from tests.llm.conftest import open_client

EVENTS = Reply.stream(sse(chat_events(["Hel", "lo"] * 5)))
WHOLE = Reply.json(chat_body("Hello"))


def said(request: Received) -> int:
    return int(request.json()["messages"][-1]["content"])


def slowly(request: Received) -> Reply:
    """Some answers trickle, some are refused and asked for again, some never come."""
    kind = said(request) % 4
    if kind == 0:
        return Reply.raw(b"", "hang")
    if kind == 1:
        return Reply.json(error_body("x"), 503, {"retry-after": "0.05"})
    reply = EVENTS if request.json().get("stream") else WHOLE
    return reply.in_pieces(60 if kind == 2 else 7, 0.004)


async def whole(client: LlmClient, prompt: str) -> Any:
    return await client.complete_async(prompt)


async def streamed(client: LlmClient, prompt: str) -> Any:
    return [piece async for piece in client.stream(prompt)]


async def left_in_between(client: LlmClient, prompt: str) -> Any:
    async with client.stream(prompt) as stream:
        async for _ in stream.deltas():
            await asyncio.sleep(0.001)


async def batch(client: LlmClient, prompt: str) -> Any:
    return await client.complete_batch_async([prompt] * 3)


async def agent(client: LlmClient, prompt: str) -> Any:
    host = Host.isolated({("node_type", "agent"): AgentNode, ("provider", "openai"): OpenAIProvider})
    return await Executor(client, host=host).run_async(Workflow("w").chain(Node.agent("a", prompt)))


def nothing_is_left(client: LlmClient) -> None:
    """Within 50 ms: the kernel's own threads let go of what waits in its queues."""

    def left() -> tuple[int, int, int]:
        stats = client.get_stats()
        return stats["in_flight"], stats["queued"], engine().in_flight()

    end = time.monotonic() + 0.05
    while left() != (0, 0, 0) and time.monotonic() < end:
        time.sleep(0.001)
    assert left() == (0, 0, 0)
    assert client._setup.meter.in_flight == 0


@pytest.mark.parametrize("call", [whole, streamed, left_in_between, batch, agent])
def test_b10_cancelling_at_any_moment_leaves_nothing_behind(call: Any, server: ModelServer) -> None:
    rng = random.Random(2026)
    url = server.script(slowly)
    client = open_client(url, limits={"max_concurrency": 8}, policy={"backoff_base": 0.01})
    client.complete_batch(["2"] * 4)
    threads = threading.active_count()

    async def cancel_many() -> None:
        async def one(number: int) -> None:
            task = asyncio.ensure_future(call(client, str(number)))
            await asyncio.sleep(rng.random() * 0.06)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        for start in range(0, 40, 10):
            await asyncio.gather(*(one(start + n) for n in range(10)))
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(cancel_many())
    nothing_is_left(client)
    assert server.wait(lambda: not any(is_hung_up_on(peer) for peer in server.peers), timeout=0.2)
    assert threading.active_count() <= threads + len(server.peers) + 1


def is_hung_up_on(peer: Peer) -> bool:
    """Whether it still waits for an answer that never comes."""
    return peer.left == "open" and bool(peer.requests) and said(peer.requests[-1]) % 4 == 0


@pytest.mark.parametrize("call", [whole, streamed, left_in_between, batch, agent])
def test_the_server_sees_the_close_within_200_ms(call: Any, server: ModelServer) -> None:
    client = open_client(server.script(Reply.raw(b"", "hang")))

    async def cancel() -> float:
        task = asyncio.ensure_future(call(client, "0"))
        await asyncio.to_thread(server.wait, lambda: bool(server.requests()))
        await asyncio.sleep(0.02)
        begun = time.monotonic()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return begun

    begun = asyncio.run(cancel())
    assert server.wait(lambda: server.open_peers() == 0, timeout=0.3)
    assert max(peer.left_at or 0 for peer in server.peers) - begun < 0.2
    nothing_is_left(client)


def test_a_cancelled_wait_for_a_permit_leaves_no_hole(server: ModelServer) -> None:
    url = server.script(lambda request: Reply.raw(b"", "hang") if b'"0"' in request.body else WHOLE)
    client = open_client(url, limits={"max_concurrency": 1})

    async def queue() -> str:
        first, waiting, last = (asyncio.ensure_future(client.complete_async(text)) for text in "012")
        await asyncio.to_thread(server.wait, lambda: bool(server.requests(url)))
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        first.cancel()
        return await asyncio.wait_for(last, 2)

    assert asyncio.run(queue()) == "Hello"
    assert len(server.requests(url)) == 2
    nothing_is_left(client)


@contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    """Ctrl-C comes by then."""
    old = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        yield
    finally:
        timer.join()
        signal.signal(signal.SIGINT, old)


def run_agent(client: LlmClient) -> Any:
    host = Host.isolated({("node_type", "agent"): AgentNode, ("provider", "openai"): OpenAIProvider})
    return Executor(client, host=host).execute(Workflow("w").chain(Node.agent("a", "0")))


INTERRUPTED: dict[str, Callable[[LlmClient], Any]] = {
    "complete": lambda client: client.complete("0"),
    "batch": lambda client: client.complete_batch(["0"] * 5),
    "stream": lambda client: list(client.stream("0")),
    "asyncio": lambda client: asyncio.run(client.complete_async("0")),
    "async batch": lambda client: asyncio.run(client.complete_batch_async(["0"] * 5)),
    "execute": run_agent,
}


@pytest.mark.parametrize("what", INTERRUPTED)
@pytest.mark.parametrize(
    "where", ["before the first byte", "within the stream", "in a back-off", "in a queue"]
)
def test_ctrl_c_is_heard_within_300_ms(what: str, where: str, server: ModelServer) -> None:
    halfway = Reply.stream(sse(chat_events())).cut_body(300, "hang")
    replies: dict[str, Any] = {
        "within the stream": lambda r: halfway if r.json().get("stream") else WHOLE.cut_body(9, "hang"),
        "in a back-off": Reply.json(error_body("x"), 503, {"retry-after": "8"}),
    }
    client = open_client(server.script(replies.get(where, Reply.raw(b"", "hang"))))
    if where == "in a queue":
        client = open_client(server.script(WHOLE), limits={"requests_per_minute": 1}, timeout=100)
        client.complete("0")
    begun = time.monotonic()
    with interrupted_after(0.15), pytest.raises(KeyboardInterrupt):
        INTERRUPTED[what](client)
    assert time.monotonic() - begun < 0.15 + 0.3
    nothing_is_left(client)


def test_a_stream_may_be_closed_by_another_thread_and_no_other_call_is_disturbed(server: ModelServer) -> None:
    client = open_client(url := server.script(Reply.stream(sse(chat_events())).cut_body(400, "hang")))
    for number in range(5):
        stream = client.stream("0")
        with ThreadPoolExecutor(1) as reader:
            reading = reader.submit(list[str], stream)
            assert server.wait(partial(_received, server, url, number + 1))
            time.sleep(0.01)
            stream.close()
            assert [open_client(server.url).complete("Hi") for _ in range(5)] == ["Hello"] * 5
            assert isinstance(reading.exception(1), ValidationError)
    assert client.get_stats()["failed_requests"] == 0
    nothing_is_left(client)


def _received(server: ModelServer, url: str, count: int) -> bool:
    return len(server.requests(url)) == count


@pytest.mark.parametrize("within", [True, False])
@pytest.mark.parametrize("local", [True, False])
def test_an_async_stream_that_is_closed_while_it_is_read_ends_with_an_error(
    within: bool, local: bool, server: ModelServer
) -> None:
    if local:
        host = Host.isolated({("provider", "a"): lambda: ScriptedModel([["Hel", 0.2, "lo"]])})
        client = LlmClient("a", host=host, cache=ResponseCache(":memory:"))
    else:
        client = open_client(server.script(Reply.stream(sse(chat_events())).cut_body(400, "hang")))
    stream = client.stream("0")

    async def read() -> None:
        async for _ in stream.deltas():
            if within:
                stream.close()

    async def both() -> BaseException | None:
        reading = asyncio.ensure_future(read())
        await asyncio.sleep(0.05)
        stream.close()
        await asyncio.wait([reading], timeout=1)
        return reading.exception()

    assert isinstance(asyncio.run(both()), ValidationError)
    assert client.get_stats()["failed_requests"] == 0
