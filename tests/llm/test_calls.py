"""Loops, threads, signals and forks around one engine."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from graphbit_core import ChatRequest, HttpRequest, LlmClient, Message
from graphbit_core.kernel import calls
from graphbit_core.testing import ModelServer, Reply
from graphbit_core.testing.replies import chat_body, chat_events, sse
from tests.llm.conftest import open_client

SILENT = Reply.raw(b"", "hang")
HALF = Reply.stream(sse(chat_events()[:2]), chunked=False).cut(10**6, "hang")


def test_cancelling_a_task_closes_its_socket(server: ModelServer, everyone_left: Callable[[], bool]) -> None:
    client = open_client(server.script(SILENT))

    async def main() -> None:
        task = asyncio.create_task(client.complete_async("Hi"))
        assert await asyncio.to_thread(server.wait, lambda: bool(server.requests()))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert calls.engine().in_flight() == 0

    asyncio.run(main())
    assert everyone_left()


def test_leaving_a_stream_early_closes_its_socket(
    server: ModelServer, everyone_left: Callable[[], bool]
) -> None:
    client = open_client(server.script(HALF))
    with client.stream("Hi") as stream:
        assert next(iter(stream)) == "Hel"
    assert everyone_left()
    for piece in client.stream("Hi"):
        assert piece == "Hel"
        break
    assert everyone_left()


def test_closing_a_call_twice_gives_its_mailbox_back_once(server: ModelServer) -> None:
    stream = open_client(server.url).stream("Hi")
    assert list(stream) == ["Hel", "lo"]
    spare = len(calls._spare)
    stream.close()
    stream.close()
    assert len(calls._spare) == len(set(map(id, calls._spare))) == spare


def test_leaving_an_async_stream_early_closes_its_socket(
    server: ModelServer, everyone_left: Callable[[], bool]
) -> None:
    async def main() -> None:
        async with open_client(server.script(HALF)).stream("Hi") as stream:
            async for piece in stream:
                assert piece == "Hel"
                break
        assert calls.engine().in_flight() == 0

    asyncio.run(main())
    assert everyone_left()


def test_a_stream_that_is_never_read_sends_nothing(server: ModelServer) -> None:
    open_client(server.url).stream("Hi")
    assert server.requests() == []


def test_a_callback_that_raises_ends_the_call_with_its_error(
    server: ModelServer, everyone_left: Callable[[], bool]
) -> None:
    client = open_client(server.script(HALF))
    request = ChatRequest((Message("user", "Hi"),))

    def refuse(_: Any) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        client.respond(request, on_delta=refuse)
    with pytest.raises(LookupError, match="mine"):
        asyncio.run(client.respond_async(request, on_delta=refuse))
    assert calls.engine().in_flight() == 0
    assert everyone_left()


def test_an_interrupt_is_seen_while_a_blocking_call_waits(
    server: ModelServer, everyone_left: Callable[[], bool]
) -> None:
    client = open_client(server.script(SILENT))
    old = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        begun = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(KeyboardInterrupt):
            client.complete("Hi")
        assert time.monotonic() - begun < 0.3
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    assert everyone_left()


def test_many_threads_share_one_client(server: ModelServer) -> None:
    def reply(request: Any) -> Reply:
        return Reply.json(chat_body(request.json()["messages"][0]["content"]))

    client = open_client(server.script(reply))

    def work(thread: int) -> bool:
        if thread % 2:
            return all(client.complete(f"{thread}-{i}") == f"{thread}-{i}" for i in range(20))
        return asyncio.run(gathered(client, thread))

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(work, range(16)))
    assert len(server.requests()) == 16 * 20
    assert client.get_stats()["in_flight"] == 0


async def gathered(client: LlmClient, thread: int) -> bool:
    asked = [f"{thread}-{i}" for i in range(20)]
    return await asyncio.gather(*map(client.complete_async, asked)) == asked


def test_streams_read_in_turns_by_one_thread_do_not_mix(server: ModelServer) -> None:
    def reply(request: Any) -> Reply:
        said = request.json()["messages"][0]["content"]
        return Reply.stream(sse(chat_events([f"{said}{i}," for i in range(50)]))).in_pieces(97, 0.001)

    client = open_client(server.script(reply))
    first, second = client.stream("a"), client.stream("b")
    pairs = list(zip(first, second, strict=True))
    assert "".join(a for a, _ in pairs) == first.response.text == "".join(f"a{i}," for i in range(50))
    assert "".join(b for _, b in pairs) == second.response.text


def test_a_loop_with_no_call_open_holds_nothing(server: ModelServer) -> None:
    async def main() -> int:
        await open_client(server.url).complete_async("Hi")
        return len(calls._loops.boxes)

    assert asyncio.run(main()) == 0


def test_a_loop_closed_with_a_call_open_does_not_disturb_the_next(
    server: ModelServer, everyone_left: Callable[[], bool]
) -> None:
    client = open_client(server.script(SILENT))
    loop = asyncio.new_event_loop()
    task = loop.create_task(client.complete_async("Hi"))
    while not server.requests():
        loop.run_until_complete(asyncio.sleep(0.01))
    loop.close()
    assert asyncio.run(open_client(server.url).complete_async("Hi")) == "Hello"
    assert calls.engine().in_flight() == 0
    assert server.wait(lambda: server.peers[0].left != "open", 0.2)
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    del task


class NoReaders(asyncio.SelectorEventLoop):
    """A loop that, like Windows' proactor, cannot watch a descriptor."""

    def add_reader(self, *args: Any) -> None:  # type: ignore[override]
        raise NotImplementedError


def test_a_loop_that_cannot_watch_descriptors_works_too(server: ModelServer) -> None:
    async def main() -> list[str]:
        client = open_client(server.url)
        stream = client.stream("Hi")
        pieces = [piece async for piece in stream]
        return [await client.complete_async("Hi"), *pieces]

    with asyncio.Runner(loop_factory=NoReaders) as runner:
        assert runner.run(main()) == ["Hello", "Hel", "lo"]
    deadline = time.monotonic() + 1
    while any(thread.name == "graphbit-mailbox" for thread in threading.enumerate()):
        assert time.monotonic() < deadline, "the watching thread did not end"
        time.sleep(0.01)


FORK = """
import os, sys
from graphbit_core import Host, LlmClient
from graphbit_core.testing import ModelServer
from graphbit_openai import OpenAIProvider

with ModelServer() as server:
    host = Host.isolated(components={("provider", "openai"): OpenAIProvider})
    client = LlmClient("openai", host=host, base_url=server.url, api_key="sk-test-1234567")
    assert client.complete("Hi") == "Hello"
    child = os.fork()
    if not child:
        os._exit(0 if client.complete("Hi") == "Hello" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert client.complete("Hi") == "Hello"
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_client_works_in_a_forked_child_and_goes_on_in_the_parent() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK], capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_call_of_the_parent_leaves_the_calls_of_a_forked_child_alone() -> None:
    script = """
import os
from graphbit_core import HttpRequest
from graphbit_core.kernel import calls
from graphbit_core.testing import ModelServer, Reply

with ModelServer() as server:
    url = server.script(Reply.raw(b"", "hang"))
    request = HttpRequest("POST", url + "/", {}, b"{}")
    spec = calls.CallSpec("forked", request)
    of_parent = calls.BlockingCall(spec)
    if (child := os.fork()) == 0:
        own = calls.BlockingCall(spec)
        of_parent.close()
        left = calls.engine().in_flight()
        another = calls.BlockingCall(spec)
        print(own.id == of_parent.id, left, calls.engine().in_flight(), flush=True)
        os._exit(0)
    print(os.waitpid(child, 0)[1], calls.engine().in_flight())
    of_parent.close()
"""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.stdout.split() == ["True", "1", "2", "0", "1"], done.stderr


def test_a_mailbox_given_back_holds_nothing_of_the_call_before(server: ModelServer) -> None:
    request = HttpRequest("POST", server.url + "/chat/completions", {}, b"{}")
    call = calls.BlockingCall(calls.CallSpec("left-unread", request))
    mailbox = call._mailbox
    while not mailbox.wait(0.1):
        pass
    call.close()
    assert not mailbox.wait(0)


def test_a_failed_attempt_reaches_logging_and_neither_stdout_nor_stderr() -> None:
    script = """
import logging
from graphbit_core import LlmClient, TransportError
seen = []
class Handler(logging.Handler):
    def emit(self, record):
        seen.append(record)
log = logging.getLogger("graphbit_core")
log.addHandler(Handler())
log.setLevel(logging.DEBUG)
log.propagate = False
client = LlmClient("openai:m", api_key="sk-canary-7f3a9c21d84e", base_url="http://127.0.0.1:1/v1",
                   policy={"max_attempts": 1})
try:
    client.complete("Hi")
except TransportError:
    [record] = seen
    assert (record.name, record.levelname) == ("graphbit_core.kernel", "DEBUG")
    assert record.getMessage().startswith("attempt failed call=1 attempt=1 error="), record.getMessage()
    assert "canary" not in record.getMessage() and "127.0.0.1:1/v1" not in record.getMessage()
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_reader_on_a_loop_that_is_behind_pauses_its_stream_and_misses_nothing(server: ModelServer) -> None:
    texts = [f"{number} " + "x" * 1000 for number in range(20_000)]
    body = "".join(f"data: {text}\n\n" for text in texts)
    request = HttpRequest("POST", server.script(Reply.stream(body, chunked=False)) + "/", {}, b"{}")

    async def main() -> tuple[int, list[str]]:
        call = calls.LoopCall(calls.CallSpec("slow-reader", request, "sse"))
        await asyncio.sleep(0.3)
        waiting = sum(len(payload) for kind, payload in call._events if kind == "frames")
        read: list[str] = []
        kinds: list[str] = []
        while "end" not in kinds:
            for kind, payload in await call.receive():
                kinds.append(kind)
                read += [data for _, data in payload] if kind == "frames" else []
        call.close()
        return waiting, read

    waiting, read = asyncio.run(main())
    assert waiting < 2000
    assert read == texts
