"""B6 of the battery, through clients: whatever a call waits for, a deadline of 2 s ends it within 2.2 s."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from graphbit_openai import OpenAIProvider

from graphbit_core import DeadlineError, Executor, GraphBitError, Host, LlmClient, Node, Workflow
from graphbit_core.nodes.agent import AgentNode
from graphbit_core.testing import ModelServer, Reply
from graphbit_core.testing.model_server import Received, echo_chat
from graphbit_core.testing.replies import chat_body, chat_events, sse
from tests.llm.conftest import WAYS, ask, open_client

WHOLE = Reply.json(chat_body("Hello"))
EVENTS = Reply.stream(sse(chat_events()))
HALF = EVENTS.cut_body(len(EVENTS.body) // 2, "hang")
COMMENTS = Reply.stream(": still here\n\n", chunked=False).endless(0.2)
PADDING = Reply.text(b" ", headers={"content-length": "100000"}).endless(0.2)


def trickling_body(request: Received) -> Reply:
    """1 B/s after the head."""
    reply = EVENTS if request.json().get("stream") else WHOLE
    return Reply(reply.head, reply.body[:1] + b" " * 60, piece=1, pause=1.0, ending="hang")


def half(request: Received) -> Reply:
    return HALF if request.json().get("stream") else WHOLE.cut_body(5, "hang")


def comments(request: Received) -> Reply:
    return COMMENTS if request.json().get("stream") else PADDING


def agent(client: LlmClient, **options: Any) -> Any:
    """Runs an agent. The time is the client's, or with ``timeout_seconds`` the run's."""
    host = Host.isolated({("node_type", "agent"): AgentNode, ("provider", "openai"): OpenAIProvider})
    result = Executor(client, host=host, **options).execute(Workflow("w").chain(Node.agent("a", "Hi")))
    raise result.error or AssertionError("the run has no error")


def agent_in_a_run(client: LlmClient) -> Any:
    return agent(client, timeout_seconds=2.0)


def batch(client: LlmClient) -> Any:
    errors = [item.error for item in client.complete_batch(["Hi", "Ho"])]
    assert errors[0] is not None
    assert type(errors[1]) is type(errors[0])
    raise errors[0]


def batch_async(client: LlmClient) -> Any:
    (item, _) = asyncio.run(client.complete_batch_async(["Hi", "Ho"]))
    assert item.error is not None
    raise item.error


CALLS: dict[str, Callable[[LlmClient], Any]] = {
    **{way: partial(ask, way=way) for way in WAYS},
    "batch": batch,
    "async batch": batch_async,
    "agent": agent,
    "agent in a run": agent_in_a_run,
}
SERVERS: dict[str, Any] = {
    "hang": Reply.raw(b"", "hang"),
    "1 B/s header": WHOLE.in_pieces(1, 1.0),
    "1 B/s body": trickling_body,
    "stalled": half,
    "alive and dead": comments,
    "full bulkhead": Reply.raw(b"", "hang"),
    "full limiter": echo_chat,
}


def took(call: Callable[[LlmClient], Any], client: LlmClient) -> tuple[float, BaseException]:
    begun = time.monotonic()
    try:
        answer = call(client)
    except GraphBitError as error:
        return time.monotonic() - begun, error
    raise AssertionError(f"there is an answer: {answer}")


def cases(server: ModelServer) -> dict[str, tuple[Callable[[LlmClient], Any], LlmClient, LlmClient]]:
    """By name how a call is made, its client, and one of the same account that has more time."""
    found = {}
    limits = {"full bulkhead": {"max_concurrency": 1}, "full limiter": {"requests_per_minute": 1}}
    for trouble, reply in SERVERS.items():
        for way, call in CALLS.items():
            url, bounds = server.script(reply), limits.get(trouble)
            clients = [open_client(url, timeout=seconds, limits=bounds) for seconds in (2.0, 30.0)]
            patient = way == "agent in a run"
            found[f"{trouble}, {way}"] = call, clients[patient], clients[1]
    return found


@pytest.fixture
def elsewhere() -> Iterator[Callable[[LlmClient], None]]:
    """Calls that go on, on a loop of their own, until the test is over."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    calls: list[Future[str]] = []
    yield lambda client: calls.append(asyncio.run_coroutine_threadsafe(client.complete_async("Hi"), loop))
    for call in calls:
        call.cancel()
    loop.call_soon_threadsafe(loop.call_later, 0.05, loop.stop)
    thread.join()
    loop.close()


@pytest.mark.integration
def test_b6_whatever_a_call_waits_for_a_deadline_of_two_seconds_ends_it_within_2200_ms(
    server: ModelServer, elsewhere: Callable[[LlmClient], None]
) -> None:
    found = cases(server)
    for name, (_, _, patient) in found.items():
        if name.startswith("full bulkhead"):
            elsewhere(patient)
        elif name.startswith("full limiter"):
            patient.complete("the only one of this minute")
    assert server.wait(lambda: len(server.requests()) == 2 * len(CALLS))
    gc.collect()
    gc.freeze()  # a full collection among what all tests before have left would stop every thread for long
    try:
        with ThreadPoolExecutor(len(found)) as pool:
            results = dict(zip(found, pool.map(lambda case: took(*case[:2]), found.values()), strict=True))
    finally:
        gc.unfreeze()
    assert not {name: seconds for name, (seconds, _) in results.items() if seconds > 2.2}
    causes = {name: error.__cause__ or error for name, (_, error) in results.items()}
    assert not {name: repr(error) for name, error in causes.items() if not isinstance(error, DeadlineError)}
    assert not {n: s for n, (s, _) in results.items() if s > 0.3 and n.startswith("full limiter")}
    assert server.wait(lambda: server.open_peers() <= 2 * len(CALLS), timeout=0.5)
