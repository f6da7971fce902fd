"""The law: one breaker per account, one limiter per account and model, shared by the whole process."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from graphbit_openai import OpenAIProvider

from graphbit_core import (
    CircuitOpenError,
    Executor,
    GraphBitError,
    Host,
    LlmClient,
    Node,
    RateLimitError,
    UnavailableError,
    Workflow,
)
from graphbit_core.kernel.calls import engine
from graphbit_core.nodes.agent import AgentNode
from graphbit_core.testing import ModelServer, Reply
from graphbit_core.testing.model_server import echo_chat
from graphbit_core.testing.replies import error_body
from tests.llm.conftest import open_client

BOOM = Reply.json(error_body("boom"), 500)
DEAD = {"500": BOOM, "closed": Reply.raw(b""), "unreadable": Reply.json({})}
ONCE = {"max_attempts": 1}
CALLERS = 50


def in_threads(clients: list[LlmClient]) -> list[BaseException | None]:
    with ThreadPoolExecutor(len(clients)) as pool:
        return list(pool.map(_failure, clients))


def _failure(client: LlmClient) -> BaseException | None:
    try:
        client.complete("Hi")
    except GraphBitError as error:
        return error
    return None


def in_tasks(clients: list[LlmClient]) -> list[BaseException | None]:
    async def all_of_them() -> list[Any]:
        calls = [client.complete_async("Hi") for client in clients]
        return await asyncio.gather(*calls, return_exceptions=True)

    return asyncio.run(all_of_them())


def in_a_batch(clients: list[LlmClient]) -> list[BaseException | None]:
    return [item.error for item in clients[0].complete_batch(["Hi"] * len(clients))]


@pytest.mark.parametrize("together", [in_threads, in_tasks, in_a_batch])
@pytest.mark.parametrize("dead", DEAD)
def test_b4_fifty_callers_at_a_dead_upstream_send_55_requests_at_most_and_then_none(
    together: Any, dead: str, server: ModelServer
) -> None:
    url = server.script(DEAD[dead])
    clients = [open_client(url) for _ in range(CALLERS)]
    errors = together(clients)
    assert all(isinstance(error, GraphBitError) for error in errors)
    assert len(server.requests(url)) <= 55
    before = len(server.requests(url))
    assert {type(error) for error in together(clients)} == {CircuitOpenError}
    assert len(server.requests(url)) == before


def execute(client: LlmClient) -> BaseException | None:
    """What the agent of a run meets, in an executor and a host of its own."""
    host = Host.isolated({("node_type", "agent"): AgentNode, ("provider", "openai"): OpenAIProvider})
    result = Executor(client, host=host).execute(Workflow("w").chain(Node.agent("a", "Hi")))
    return None if result.error is None else result.error.__cause__


def test_executors_and_clients_of_one_key_share_a_breaker_and_another_key_has_its_own(
    server: ModelServer,
) -> None:
    url = server.script(*[BOOM] * 5, echo_chat)
    for _ in range(5):
        assert isinstance(execute(open_client(url, policy=ONCE)), UnavailableError)
    assert isinstance(execute(open_client(url)), CircuitOpenError)
    assert isinstance(_failure(open_client(url)), CircuitOpenError)
    assert isinstance(_failure(open_client(url, "another-model")), CircuitOpenError)
    assert len(server.requests(url)) == 5
    assert execute(open_client(url, api_key="sk-of-another-account")) is None
    assert _failure(open_client(server.script(echo_chat))) is None
    assert len(server.requests(url)) == 6


def test_a_429_pauses_every_client_of_the_account_and_model_and_no_other(server: ModelServer) -> None:
    wait = 0.5
    url = server.script(Reply.json(error_body("x"), 429, {"retry-after": str(wait)}), echo_chat)
    with pytest.raises(RateLimitError):
        open_client(url, policy=ONCE).complete("Hi")
    begun = time.monotonic()
    open_client(url, "another-model").complete("Hi")
    open_client(url, api_key="sk-of-another-account").complete("Hi")
    assert time.monotonic() - begun < wait / 2
    assert execute(open_client(url)) is None
    first, *_, last = server.requests(url)
    assert last.at - first.at >= wait


def test_a_429_never_trips_the_breaker_and_neither_does_a_wrong_request(server: ModelServer) -> None:
    for status in (400, 401, 403, 404, 422, 429):
        url = server.script(Reply.json(error_body("x"), status))
        client = open_client(url, policy=ONCE)
        items = client.complete_batch(["Hi"] * 100)
        assert {type(item.error) for item in items} != {CircuitOpenError}
        assert len(server.requests(url)) == 100
        assert client.get_stats()["circuit_breaker_state"] == "closed"


def test_what_the_caller_cancels_and_what_is_refused_here_never_trips_the_breaker(
    server: ModelServer,
) -> None:
    url = server.script(Reply.raw(b"", "hang"))
    client = open_client(url, limits={"max_concurrency": 20, "queue": 1})

    async def leave() -> None:
        tasks = [asyncio.ensure_future(client.complete_async("Hi")) for _ in range(40)]
        await asyncio.to_thread(server.wait, lambda: len(server.requests(url)) == 20)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(leave())
    stats = client.get_stats()
    assert (stats["circuit_breaker_state"], stats["failures"], stats["in_flight"], stats["queued"]) == (
        "closed",
        0,
        0,
        0,
    )


def test_permits_are_shared_by_every_client_of_the_account_and_model(server: ModelServer) -> None:
    going: list[int] = []
    most: list[int] = []

    def slow(request: Any) -> Reply:
        going.append(1)
        most.append(len(going))
        time.sleep(0.02)
        going.pop()
        return echo_chat(request)

    url = server.script(slow)
    open_client(url, limits={"max_concurrency": 2})
    assert in_threads([open_client(url) for _ in range(12)]) == [None] * 12
    assert max(most) == 2


def test_a_probe_at_half_open_is_one_of_three_whoever_asks(server: ModelServer) -> None:
    url = server.script(*[BOOM] * 5, Reply.raw(b"", "hang"))
    clients = [open_client(url, policy=ONCE, timeout=0.5) for _ in range(30)]
    resource = clients[0].endpoints[0].resource or ""
    engine().protect(resource, {"breaker_open": 0.1})
    for client in clients[:5]:
        assert isinstance(_failure(client), UnavailableError)
    time.sleep(0.2)
    errors = in_threads(clients)
    assert len(server.requests(url)) - 5 == 3
    assert sum(isinstance(error, CircuitOpenError) for error in errors) == 27
