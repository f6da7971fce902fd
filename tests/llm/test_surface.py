"""What else a client offers: conversations, statistics, budgets, policies, embeddings."""

from __future__ import annotations

import asyncio
import copy
from pathlib import Path
from typing import Any

import pytest
from graphbit_openai import OpenAIEmbedder, OpenAIProvider, Quirks

from graphbit_core import (
    AudioPart,
    Budget,
    BudgetExceededError,
    ChatRequest,
    ChatResponse,
    ComponentNotFoundError,
    FilePart,
    Host,
    ImagePart,
    LlmClient,
    Message,
    ModelRegistry,
    RateLimitError,
    TextPart,
    ToolCall,
    UnavailableError,
    Usage,
    ValidationError,
)
from graphbit_core.testing import ModelServer, Reply, ScriptedModel
from graphbit_core.testing.replies import chat_body, error_body
from tests.llm.conftest import KEY, WAYS, ask, open_client
from tests.llm.endpoints import chain, models


class Seeing(ScriptedModel):
    """A model that takes whatever a message can hold."""

    capabilities = frozenset({"stream", "images", "files", "audio"})


ANSWER = ChatResponse(Message("assistant", "ok"), usage=Usage(10, 5))


def test_a_conversation_is_pairs_or_messages() -> None:
    client, made = chain({"a": ["one", "two"]})
    first = client.chat([("user", "Hi")], system="Be brief.")
    second = asyncio.run(client.chat_async([("user", "Hi"), first.message, Message("user", "And?")]))
    assert (first.text, second.text) == ("one", "two")
    roles = [[message.role for message in request.messages] for request in made["a"].requests]
    assert roles == [["system", "user"], ["user", "assistant", "user"]]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda c: c.complete("Hi", temprature=1), "no option 'temprature' .did you mean 'temperature'"),
        (lambda c: c.stream("Hi", zzz=1), "it has cache"),
        (lambda c: c.complete("  "), "empty"),
        (lambda c: c.complete([]), "empty"),
        (lambda c: c.chat([("usr", "Hi")]), "did you mean 'user'"),
        (lambda c: c.chat([]), "at least one message"),
    ],
)
def test_what_is_wrong_is_told_with_the_fix(call: Any, says: str) -> None:
    client, _ = chain({"a": []})
    with pytest.raises(ValidationError, match=says):
        call(client)


@pytest.mark.parametrize("way", ["blocking", "async"])
@pytest.mark.parametrize(
    "turn",
    [
        [ImagePart("https://example.org/cat.png")],
        [FilePart("a.pdf", b"%PDF", "application/pdf")],
        [AudioPart(b"RIFF")],
        [TextPart(""), ImagePart("https://example.org/cat.png")],
    ],
)
def test_a_prompt_without_words_is_no_empty_prompt(turn: Any, way: str) -> None:
    client, made = chain({"a": Seeing(["A cat."])})
    answer = client.complete(turn) if way == "blocking" else asyncio.run(client.complete_async(turn))
    assert (answer, made["a"].requests[0].messages[0].content) == ("A cat.", turn)


def test_a_conversation_may_end_with_what_a_tool_gave() -> None:
    client, made = chain({"a": ["Done.", "Done."]})
    turns = [
        Message("user", "Go."),
        Message("assistant", "", tool_calls=[ToolCall("1", "act", "{}")]),
        Message("tool", "", tool_call_id="1", name="act"),
    ]
    assert client.chat(turns).text == client.respond(ChatRequest(turns)).text == "Done."
    assert len(made["a"].requests) == 2


@pytest.mark.parametrize("prompt", ["", " \n", [], [TextPart(""), TextPart(" ")]])
def test_a_prompt_of_nothing_is_refused(prompt: Any) -> None:
    client, made = chain({"a": ["?"]})
    for call in (client.complete, client.stream, lambda one: client.complete_batch([one])):
        with pytest.raises(ValidationError, match="the prompt is empty"):
            call(prompt)
    assert made["a"].requests == []


def test_statistics_count_calls_once_and_endpoints_each() -> None:
    client, _ = chain({"a": [UnavailableError("down"), ANSWER, UnavailableError("x")], "b": [ANSWER, None]})
    client.complete("Hi")
    client.complete("Hi")
    with pytest.raises(TypeError):
        client.complete("Hi")
    stats = client.get_stats()
    counts = {name: stats[name] for name in ("total_requests", "successful_requests", "failed_requests")}
    assert counts == {"total_requests": 3, "successful_requests": 2, "failed_requests": 1}
    assert stats["success_rate"] == pytest.approx(2 / 3)
    assert (stats["input_tokens"], stats["output_tokens"]) == (20, 10)
    assert stats["average_response_time_ms"] > 0
    assert stats["uptime_seconds"] > 0
    by = stats["endpoints"]
    assert (by["a:m"]["failed_requests"], by["b:m"]["successful_requests"]) == (2, 1)
    client.reset_stats()
    stats = client.get_stats()
    assert (stats["total_requests"], stats["output_tokens"], stats["success_rate"]) == (0, 0, 0.0)
    assert stats["endpoints"]["a:m"]["total_requests"] == 0


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_asking_is_counted(way: str, server: ModelServer) -> None:
    client = open_client(server.url)
    ask(client, way)
    stats = client.get_stats()
    assert (stats["total_requests"], stats["calls"], stats["circuit_breaker_state"]) == (1, 1, "closed")
    failing = open_client(server.script(Reply.json(error_body("x"), 400)))
    with pytest.raises(Exception, match="x"):
        ask(failing, way)
    assert failing.get_stats()["failed_requests"] == 1
    assert failing.endpoints[0].meter.in_flight == client.endpoints[0].meter.in_flight == 0


def test_what_calls_cost_is_told_where_prices_are_known(server: ModelServer) -> None:
    host = Host.isolated({("provider", "openai"): OpenAIProvider})
    client = LlmClient("openai:gpt-4o", host=host, base_url=server.url, api_key=KEY)
    told: list[Any] = []
    response = client.respond(
        ChatRequest((Message("user", "Hi"),)), observe=lambda kind, facts: told.append((kind, dict(facts)))
    )
    cost = ModelRegistry().cost("openai:gpt-4o", response.usage)
    assert cost is not None
    assert client.get_stats()["cost"] == pytest.approx(cost)
    assert told == [("llm.answered", {"model": "openai:gpt-4o", "usd": cost, "cached": False})]


@pytest.mark.parametrize("way", WAYS)
def test_a_budget_holds_in_every_way_of_asking(way: str) -> None:
    budget = Budget(calls=2)
    client, made = chain({"a": ["ok"] * 3, "b": []}, budget=budget)
    assert [ask(client, way), ask(client, way)] == ["ok", "ok"]
    with pytest.raises(BudgetExceededError):
        ask(client, way)
    assert len(made["a"].requests) == 2
    assert budget.used.calls == 2


def test_a_budget_counts_what_was_used_and_not_what_failed() -> None:
    budget = Budget(tokens=100_000)
    client, _ = chain({"a": [UnavailableError("down")], "b": [ANSWER]}, budget=budget)
    client.complete("Hi", max_tokens=100)
    assert budget.used.tokens == 15
    assert budget.remaining.tokens == 100_000 - 15


def test_a_budget_reserves_what_the_registry_lets_a_model_write(tmp_path: Path) -> None:
    file = tmp_path / "models.yaml"
    file.write_text("models:\n  a:m:\n    max_tokens: 20\n", encoding="utf-8")
    client, _ = chain({"a": ["ok", "ok"]}, budget=Budget(tokens=50), registry=ModelRegistry([file]))
    assert client.complete("Hi") == "ok"
    with pytest.raises(BudgetExceededError):
        client.complete("Hi", max_tokens=49)


def test_a_stream_that_was_left_counts_as_what_it_may_have_used() -> None:
    budget = Budget(tokens=100_000)
    client, _ = chain({"a": ["one two three"]}, budget=budget)
    with client.stream("Hi", max_tokens=100) as stream:
        next(iter(stream))
    used = budget.used.tokens
    assert used is not None
    assert used >= 100
    assert budget.remaining.tokens == 100_000 - used


def test_a_cached_answer_costs_no_budget() -> None:
    budget = Budget(calls=1)
    client, _ = chain({"a": ["ok"]}, budget=budget, cache=":memory:")
    assert [client.complete("Hi") for _ in range(3)] == ["ok"] * 3


def test_a_budget_that_is_used_up_is_observed() -> None:
    client, _ = chain({"a": ["ok"]}, budget=Budget(tokens=1))
    told: list[Any] = []
    with pytest.raises(BudgetExceededError):
        client.respond(ChatRequest((Message("user", "Hi"),)), observe=lambda *what: told.append(what[0]))
    assert told == ["budget.exceeded"]
    assert client.endpoints[0].meter.in_flight == 0


def test_a_call_can_have_a_policy_of_its_own(server: ModelServer) -> None:
    url = server.script(Reply.json(error_body("down"), 503))
    client = open_client(url, policy={"backoff_base": 0.001, "max_attempts": 3})
    request = ChatRequest((Message("user", "Hi"),))
    for policy, attempts in (({"max_attempts": 1}, 1), (None, 3)):
        before = len(server.requests(url))
        with pytest.raises(UnavailableError):
            client.respond(request, policy=policy)
        assert len(server.requests(url)) - before == attempts


def test_what_a_file_says_about_a_model_holds_unless_the_caller_says_otherwise(
    server: ModelServer, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    file = tmp_path / "models.yaml"
    file.write_text(
        f"""
aliases:
  fast:
    model: openai:m-1
    base_url: {server.url}
    api_key: env:MY_KEY
    temperature: 0.5
    max_tokens: 20
    timeout: 7
    policy: {{max_attempts: 1}}
"""
    )
    registry = ModelRegistry([file])
    host = Host.isolated({("provider", "openai"): OpenAIProvider, ("embedder", "openai"): OpenAIEmbedder})
    client = LlmClient("fast", host=host, registry=registry)
    assert (client.provider, client.model, client.timeout) == ("openai", "m-1", 7)
    client.complete("Hi", max_tokens=5)
    body = server.requests()[0].json()
    assert (body["model"], body["temperature"], body["max_completion_tokens"]) == ("m-1", 0.5, 5)
    assert server.requests()[0].headers["authorization"] == f"Bearer {KEY}"
    assert LlmClient("fast", host=host, registry=registry, timeout=3).timeout == 3


def test_texts_are_embedded_by_the_providers_embedder(server: ModelServer) -> None:
    reply = {"data": [{"index": 0, "embedding": [1.0, 0.0]}, {"index": 1, "embedding": [0.0, 1.0]}]}
    url = server.script(Reply.json(reply))
    host = Host.isolated({("provider", "openai"): OpenAIProvider, ("embedder", "openai"): OpenAIEmbedder})
    client = LlmClient(
        "openai:m", host=host, base_url=url, api_key=KEY, quirks=Quirks(), organization="org-1"
    )
    assert client.embed(["a", "b"]) == [[1.0, 0.0], [0.0, 1.0]]
    assert asyncio.run(client.embed_async(["a", "b"])) == [[1.0, 0.0], [0.0, 1.0]]
    headers = server.requests(url)[0].headers
    assert (headers["authorization"], headers["openai-organization"]) == (f"Bearer {KEY}", "org-1")


def test_a_provider_without_an_embedder_says_so() -> None:
    client, _ = chain({"a": []})
    with pytest.raises(ComponentNotFoundError, match="a"):
        client.embed(["x"])


def test_statistics_tell_what_the_kernel_does_for_the_account_and_model(server: ModelServer) -> None:
    busy = Reply.json(error_body("slow down"), 429, {"retry-after": "3"})
    client = open_client(server.script(busy), limits={"max_concurrency": 7}, policy={"max_attempts": 1})
    with pytest.raises(RateLimitError):
        client.complete("Hi")
    [figures] = client.get_stats()["endpoints"].values()
    limiter = figures["limiter"]
    assert (limiter["in_flight"], limiter["queued"], limiter["shed"], limiter["concurrency"]) == (0, 0, 0, 7)
    assert 2 < limiter["paused"] <= 3
    assert (figures["circuit_breaker_state"], figures["retry_after"]) == ("closed", 0)


def test_a_client_is_not_copied_with_its_credential() -> None:
    client, _ = chain({"a": []})
    with pytest.raises(TypeError, match="credential"):
        copy.copy(client)


def test_limits_hold_for_the_account_and_model(server: ModelServer) -> None:
    host, _ = models()
    host.add("provider", "openai", OpenAIProvider)
    url = server.script(Reply.json(chat_body("ok")))
    first = LlmClient("openai:m", host=host, base_url=url, api_key=KEY)
    second = LlmClient("openai:n", host=host, base_url=url, api_key=KEY)
    assert first.endpoints[0].resource == second.endpoints[0].resource
    assert first.endpoints[0].limiter != second.endpoints[0].limiter
