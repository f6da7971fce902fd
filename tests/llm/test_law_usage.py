"""The law: joined deltas are the text, usage is counted once per call, and budgets are never exceeded."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from graphbit_openai import OpenAIProvider

from graphbit_core import (
    Budget,
    BudgetExceededError,
    Delta,
    Event,
    Executor,
    GraphBitError,
    Host,
    LlmClient,
    Node,
    ResponseCache,
    Usage,
    Workflow,
    WorkflowResult,
)
from graphbit_core.nodes.agent import AgentNode
from graphbit_core.testing import ModelServer, Reply
from graphbit_core.testing.model_server import echo_chat
from graphbit_core.testing.replies import chat_body, chat_events, error_body, sse
from tests.llm.conftest import KEY, WAYS, ask, open_client

ONCE = Usage(11, 7, 3, 0, 2)
"""What each canned answer used."""
EVENTS = sse(chat_events(["Hel", "lo"]))
CUT = Reply.stream(EVENTS, chunked=False).cut_body(EVENTS.index("lo"))
BOOM = Reply.json(error_body("x"), 500)
QUICK = {"backoff_base": 0.001}


def second(url: str) -> dict[str, Any]:
    return {"model": "openai:scripted-2", "base_url": url, "api_key": KEY}


def used(client: LlmClient) -> tuple[int, int, int]:
    stats = client.get_stats()
    return stats["total_requests"], stats["input_tokens"], stats["output_tokens"]


@pytest.mark.parametrize("way", WAYS)
def test_usage_is_counted_once_however_often_a_call_was_tried(way: str, server: ModelServer) -> None:
    client = open_client(server.script(BOOM, BOOM, echo_chat), policy=QUICK)
    assert ask(client, way) == "Hello"
    assert used(client) == (1, 11, 7)


@pytest.mark.parametrize("way", WAYS)
def test_usage_is_counted_once_though_another_endpoint_answered(way: str, server: ModelServer) -> None:
    first, other = server.script(BOOM), server.script(echo_chat)
    client = open_client(first, fallbacks=[second(other)], policy=QUICK)
    assert ask(client, way) == "Hello"
    assert used(client) == (1, 11, 7)


@pytest.mark.parametrize("way", ["stream", "async stream"])
@pytest.mark.parametrize("elsewhere", [False, True])
def test_usage_is_counted_once_though_the_stream_began_anew(
    way: str, elsewhere: bool, server: ModelServer
) -> None:
    again = Reply.stream(EVENTS)
    url, other = server.script(CUT, CUT if elsewhere else again), server.script(again)
    client = open_client(url, fallbacks=[second(other)], restart=True, policy={**QUICK, "max_attempts": 2})
    stream = client.stream("Hi")
    deltas = list(stream.deltas()) if way == "stream" else asyncio.run(_all(stream))
    last = max(place for place, delta in enumerate(deltas) if delta.kind == "restart")
    assert "".join(delta.text for delta in deltas[last:] if delta.kind == "text") == stream.response.text
    assert stream.response.text == "Hello"
    assert used(client) == (1, 11, 7)


async def _all(stream: Any) -> list[Delta]:
    return [delta async for delta in stream.deltas()]


def test_every_repair_of_an_answer_is_a_call_of_its_own(server: ModelServer) -> None:
    client = open_client(server.script(Reply.json(chat_body("seven")), Reply.json(chat_body('{"value": 7}'))))
    assert client.complete_as(int, "How many?") == 7
    assert used(client) == (2, 22, 14)


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_from_the_cache_used_nothing(way: str, server: ModelServer) -> None:
    client = open_client(server.script(echo_chat), cache=ResponseCache(":memory:"))
    for _ in range(3):
        assert ask(client, way) == "Hello"
    assert used(client) == (3, 11, 7)


def run(client: LlmClient, **options: Any) -> tuple[WorkflowResult, list[Event]]:
    host = Host.isolated({("node_type", "agent"): AgentNode, ("provider", "openai"): OpenAIProvider})
    stream = Executor(client, host=host).stream(Workflow("w").chain(Node.agent("a", "Hi", **options)))
    events = list(stream)
    return stream.result, events


def deltas_of(events: list[Event]) -> str:
    """The text that a reader of the events has in the end."""
    text = ""
    for event in events:
        if event.type == "llm.delta" and event.data["kind"] in ("text", "restart"):
            text = "" if event.data["kind"] == "restart" else text + event.data["text"]
    return text


@pytest.mark.parametrize("trouble", ["none", "500", "cut", "fallback", "cached"])
def test_a_run_counts_usage_once_and_its_deltas_spell_the_output(trouble: str, server: ModelServer) -> None:
    again = Reply.stream(EVENTS)
    steps = {"500": [BOOM, again], "cut": [CUT, again], "fallback": [CUT, CUT, CUT]}.get(trouble, [again])
    url, other = server.script(*steps), server.script(again)
    cache = ResponseCache(":memory:") if trouble == "cached" else None
    client = open_client(url, fallbacks=[second(other)], restart=True, policy=QUICK, cache=cache)
    if cache:
        assert "".join(client.stream("Hi")) == "Hello"
    result, events = run(client)
    assert result.raise_for_failure().output == "Hello" == deltas_of(events)
    assert result.usage == (Usage() if cache else ONCE)
    assert sum(event.type == "llm.completed" for event in events) == 1
    restarts = sum(event.type == "llm.restarted" for event in events)
    assert restarts == {"500": 1, "cut": 1, "fallback": 3}.get(trouble, 0)


CALLERS = 40


def in_threads(client: LlmClient) -> list[BaseException | None]:
    def call(_: int) -> BaseException | None:
        try:
            client.complete("Hi", max_tokens=20)
        except GraphBitError as error:
            return error
        return None

    with ThreadPoolExecutor(CALLERS) as pool:
        return list(pool.map(call, range(CALLERS)))


def in_tasks(client: LlmClient) -> list[Any]:
    async def call() -> list[Any]:
        calls = [client.complete_async("Hi", max_tokens=20) for _ in range(CALLERS)]
        found = await asyncio.gather(*calls, return_exceptions=True)
        return [one if isinstance(one, BaseException) else None for one in found]

    return asyncio.run(call())


def in_streams(client: LlmClient) -> list[Any]:
    async def one() -> Any:
        try:
            async for _ in client.stream("Hi", max_tokens=20):
                pass
        except GraphBitError as error:
            return error

    async def call() -> list[Any]:
        return await asyncio.gather(*(one() for _ in range(CALLERS)))

    return asyncio.run(call())


def in_a_batch(client: LlmClient) -> list[Any]:
    return [item.error for item in client.complete_batch(["Hi"] * CALLERS, max_tokens=20)]


@pytest.mark.parametrize("together", [in_threads, in_tasks, in_streams, in_a_batch])
@pytest.mark.parametrize("bound", [{"calls": 5}, {"tokens": 200}, {"usd": 0.002}], ids=str)
def test_calls_at_the_same_time_never_exceed_a_budget(
    together: Any, bound: dict[str, Any], server: ModelServer
) -> None:
    budget = Budget(**bound)
    url = server.script(BOOM, echo_chat)  # one that fails gives back what it had reserved
    client = open_client(url, "gpt-4o", budget=budget, policy=QUICK)
    errors = together(client)
    refused = [error for error in errors if isinstance(error, BudgetExceededError)]
    answered = errors.count(None)
    assert len(refused) + answered == CALLERS
    assert 0 < answered < CALLERS
    assert len(server.requests(url)) == answered + 1
    ((cap, limit),) = bound.items()
    assert 0 < getattr(budget.used, cap) <= limit
    assert budget.used.calls == answered
    assert getattr(budget.remaining, cap) == pytest.approx(limit - getattr(budget.used, cap))


@pytest.mark.parametrize("streamed", [False, True])
def test_a_cancelled_call_gives_back_what_it_had_reserved_of_the_budget(
    streamed: bool, server: ModelServer
) -> None:
    budget = Budget(calls=2)
    client = open_client(server.script(Reply.raw(b"", "hang")), budget=budget)

    async def leave() -> None:
        work = _all(client.stream("Hi")) if streamed else client.complete_async("Hi")
        task = asyncio.ensure_future(work)
        await asyncio.to_thread(server.wait, lambda: bool(server.requests()))
        assert budget.remaining.calls == 1
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(leave())
    assert (budget.remaining.calls, budget.used.calls) == (2, 0)
