"""The law of §10: what happens to a model call on its way is an event of the run, and of its observer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import pytest
from graphbit_openai import OpenAIProvider

from graphbit_core import (
    Budget,
    ChatRequest,
    Event,
    Executor,
    GraphBitError,
    Host,
    LlmClient,
    Message,
    Node,
    RateLimitError,
    ResourceExhaustedError,
    UnavailableError,
    Workflow,
)
from graphbit_core.kernel.calls import engine
from graphbit_core.nodes.agent import AgentNode
from graphbit_core.testing import ModelServer, Reply
from graphbit_core.testing.model_server import echo_chat
from graphbit_core.testing.replies import error_body
from tests.llm.conftest import KEY, WAYS, ask, open_client

BOOM = Reply.json(error_body("x"), 500)
ONCE = {"max_attempts": 1}
REQUEST = ChatRequest((Message("user", "Hi"),))


def run(client: LlmClient) -> list[Event]:
    host = Host.isolated({("node_type", "agent"): AgentNode, ("provider", "openai"): OpenAIProvider})
    return list(Executor(client, host=host).stream(Workflow("w").chain(Node.agent("a", "Hi"))))


def of(events: list[Event], kind: str) -> list[Mapping[str, Any]]:
    return [event.data for event in events if event.type == kind]


def test_a_wait_for_the_limiter_is_told(server: ModelServer) -> None:
    url = server.script(Reply.json(error_body("x"), 429, {"retry-after": "0.2"}), echo_chat)
    client = open_client(url)
    with pytest.raises(RateLimitError):
        open_client(url, policy=ONCE).complete("Hi")
    (limited,) = of(run(client), "resource.limited")
    assert (limited["resource"], limited["reason"]) == (client.endpoints[0].limiter, "paused")
    assert 0 < limited["seconds"] < 2


def test_a_breaker_that_opens_and_one_that_refuses_are_told(server: ModelServer) -> None:
    url, other = server.script(BOOM), server.script(echo_chat)
    for _ in range(4):
        with pytest.raises(UnavailableError):
            open_client(url, policy=ONCE).complete("Hi")
    spare = {"model": "openai:m", "base_url": other, "api_key": KEY}
    client = open_client(url, policy=ONCE, fallbacks=[spare])
    resource = client.endpoints[0].resource
    opened = of(run(client), "resource.breaker")
    assert [(facts["resource"], facts["state"]) for facts in opened] == [(resource, "open")]
    fresh = open_client(url, policy=ONCE, fallbacks=[spare])
    events = run(fresh)
    (refused,) = of(events, "resource.breaker")
    assert refused["state"] == "open"
    assert refused["retry_after"] > 0
    (fallback,) = of(events, "llm.fallback")
    assert fallback["error"].startswith("CircuitOpenError")
    assert events[-1].type == "run.succeeded"


def test_a_breaker_that_closes_is_told(server: ModelServer) -> None:
    url = server.script(*[BOOM] * 5, echo_chat)
    client = open_client(url, policy=ONCE)
    engine().protect(client.endpoints[0].resource or "", {"breaker_open": 0.05})
    for _ in range(5):
        with pytest.raises(UnavailableError):
            client.complete("Hi")
    time.sleep(0.1)
    states = [[facts["state"] for facts in of(run(client), "resource.breaker")] for _ in range(4)]
    assert states == [["half_open"], ["half_open"], ["half_open", "closed"], []]


def test_a_queue_that_stands_is_told(server: ModelServer) -> None:
    url = server.script(Reply.raw(b"", "hang"))
    limits = {"max_concurrency": 1, "queue_target": 0.05, "queue_interval": 0.1}
    client = open_client(url, limits=limits)
    told: list[tuple[str, Mapping[str, Any]]] = []

    async def both() -> None:
        first = asyncio.ensure_future(client.complete_async("Hi"))
        await asyncio.to_thread(server.wait, lambda: bool(server.requests(url)))
        calls = [
            client.respond_async(REQUEST, observe=lambda kind, facts: told.append((kind, facts)))
            for _ in range(3)
        ]
        errors = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(error) for error in errors} == {ResourceExhaustedError}
        first.cancel()

    asyncio.run(both())
    assert [kind for kind, _ in told] == ["resource.shed"] * 3
    assert all(facts["seconds"] > 0 and facts["resource"] == client.endpoints[0].limiter for _, facts in told)


def test_a_budget_that_is_used_up_is_told(server: ModelServer) -> None:
    budget = Budget(calls=1)
    client = open_client(server.script(echo_chat), budget=budget)
    client.complete("Hi")
    events = run(client)
    assert of(events, "budget.exceeded") == [{"cap": "calls", "limit": 1, "used": 1}]
    assert events[-1].type == "run.failed"


def test_events_of_calls_leave_no_gap_in_those_of_the_run(server: ModelServer) -> None:
    url = server.script(BOOM, Reply.json(error_body("x"), 429, {"retry-after": "0.05"}), echo_chat)
    events = run(open_client(url, policy={"backoff_base": 0.001}))
    assert [event.seq for event in events] == list(range(len(events)))
    kinds = [event.type for event in events if event.type.startswith(("llm.", "resource."))]
    assert kinds[0] == "llm.started"
    assert kinds[-1] == "llm.completed"
    assert kinds.count("llm.restarted") == 2


@pytest.mark.parametrize("way", WAYS)
def test_a_call_above_the_burst_is_refused_at_once(way: str, server: ModelServer) -> None:
    client = open_client(server.script(echo_chat), limits={"tokens_per_minute": 5})
    begun = time.monotonic()
    with pytest.raises(ResourceExhaustedError) as caught:
        ask(client, way)
    assert time.monotonic() - begun < 0.3
    assert (caught.value.resource, caught.value.limit) == ("tokens_per_minute", 5)
    assert not server.requests()


@pytest.mark.parametrize("way", WAYS)
def test_a_full_queue_is_refused_at_once(way: str, server: ModelServer) -> None:
    url = server.script(Reply.raw(b"", "hang"))
    client = open_client(url, limits={"max_concurrency": 1, "queue": 1})

    async def fill() -> BaseException | None:
        waiting = [asyncio.ensure_future(client.complete_async("Hi")) for _ in range(2)]
        await asyncio.to_thread(server.wait, lambda: bool(server.requests(url)))
        try:
            return await asyncio.to_thread(refusal, client, way)
        finally:
            for task in waiting:
                task.cancel()

    error = asyncio.run(fill())
    assert isinstance(error, ResourceExhaustedError)
    assert (error.resource, error.limit) == ("queue", 1)


def refusal(client: LlmClient, way: str) -> GraphBitError | None:
    try:
        ask(client, way)
    except GraphBitError as error:
        return error
    return None
