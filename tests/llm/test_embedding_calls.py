"""Embedding as LlmClient calls: many requests at once, budgets, limits, statistics, observers, registry."""

from __future__ import annotations

import asyncio
import copy
import logging
import math
import pickle
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from graphbit_openai import OpenAIEmbedder, OpenAIProvider

from graphbit_core import (
    AuthError,
    BadRequestError,
    Budget,
    BudgetExceededError,
    ChatRequest,
    CircuitOpenError,
    ConfigError,
    DeadlineError,
    DecodeError,
    EmbeddingClient,
    Host,
    LlmClient,
    Message,
    ModelRegistry,
    RateLimitError,
    UnavailableError,
    Usage,
    ValidationError,
    Vectors,
)
from graphbit_core.llm.endpoints import retirement
from graphbit_core.testing import ModelServer, Reply
from graphbit_core.testing.model_server import Received
from graphbit_core.testing.replies import error_body
from tests.llm.conftest import KEY, defaults, open_client, open_embedder

WAYS = ("blocking", "async")
TEXTS = [str(number) for number in range(10)]


def embed(client: EmbeddingClient, way: str, texts: Sequence[str] = TEXTS, **options: Any) -> Vectors:
    if way == "blocking":
        return client.embed_full(texts, **options)
    return asyncio.run(client.embed_full_async(texts, **options))


def numbered(request: Received, *, tokens: int = 7) -> Reply:
    """For each text, which is a number, that number as its vector."""
    rows = [{"index": i, "embedding": [float(text)]} for i, text in enumerate(request.json()["input"])]
    return Reply.json({"data": rows, "model": "m-1", "usage": {"prompt_tokens": tokens}})


class Crowd:
    """Replies once so many requests are there at the same time; tells how many there were at most."""

    def __init__(self, size: int) -> None:
        self.size, self.now, self.most = size, 0, 0
        self.changed = threading.Condition()

    def __call__(self, request: Received) -> Reply:
        with self.changed:
            self.now += 1
            self.most = max(self.most, self.now)
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.most >= self.size, timeout=2)
            self.now -= 1
        return numbered(request)


@pytest.mark.parametrize("way", WAYS)
def test_requests_of_one_call_go_out_at_once_and_their_vectors_keep_their_order(
    server: ModelServer, way: str
) -> None:
    crowd = Crowd(4)
    client = open_embedder(server.script(crowd), max_batch=1, model="any")
    found = embed(client, way)
    assert [list(vector) for vector in found.vectors] == [[float(n)] for n in range(10)]
    assert (found.usage, found.model) == (Usage(70), "m-1")
    assert crowd.most == 4


@pytest.mark.parametrize("way", WAYS)
def test_max_concurrency_bounds_them(server: ModelServer, way: str) -> None:
    crowd = Crowd(2)
    embed(open_embedder(server.script(crowd), max_batch=1), way, max_concurrency=2)
    assert crowd.most == 2
    with pytest.raises(ValidationError, match="max_concurrency is 0; it must be at least 1"):
        embed(open_embedder(server.url), way, max_concurrency=0)


@pytest.mark.parametrize("way", WAYS)
def test_the_first_failure_ends_the_others_and_names_its_texts(server: ModelServer, way: str) -> None:
    def step(request: Received) -> Reply:
        if "3" in request.json()["input"]:
            return Reply.json(error_body("maximum context length is 8192 tokens"), 400)
        return Reply.raw(b"", "hang")

    client = open_embedder(server.script(step), max_batch=3)
    began = time.monotonic()
    with pytest.raises(BadRequestError) as caught:
        embed(client, way, ["0", "1", "2", "3", "44444", "5", "6"], policy={"max_attempts": 1})
    assert time.monotonic() - began < 2
    said = "(about texts[3:6], of which texts[4] is the longest with 5 characters)"
    assert said in str(caught.value)
    assert "8192 tokens" in caught.value.message
    assert server.wait(lambda: server.open_peers() <= 1, timeout=0.5)  # one connection is kept
    assert client.get_stats()["failed_requests"] == 1


@pytest.mark.parametrize("status", [400, 413])
def test_a_request_that_is_refused_as_too_large_is_an_error_and_drops_nothing(
    server: ModelServer, status: int
) -> None:
    url = server.script(numbered, Reply.json(error_body("too large"), status), numbered)
    client = open_embedder(url, max_batch=2)
    with pytest.raises(BadRequestError, match=r"about texts\[2:4\], of which texts\[3\] is the longest"):
        client.embed(["1", "2", "3", "33", "5"], max_concurrency=1)
    assert len(server.requests(url)) == 2


def test_replies_with_vectors_of_different_lengths_are_an_error(server: ModelServer) -> None:
    longer = Reply.json({"data": [{"index": 0, "embedding": [1.0, 2.0]}]})
    client = open_embedder(server.script(numbered, longer), max_batch=1)
    with pytest.raises(DecodeError, match=r"vectors of different lengths, \[1, 2\]"):
        client.embed(["1", "2"], max_concurrency=1)


def test_an_error_about_one_text_alone_names_none(server: ModelServer) -> None:
    client = open_embedder(server.script(Reply.json(error_body("no"), 401)))
    with pytest.raises(AuthError) as caught:
        client.embed(["a"])
    assert "texts[" not in str(caught.value)


def test_what_is_not_a_list_of_texts_is_refused_before_anything_is_sent(server: ModelServer) -> None:
    client = open_embedder(server.url)
    with pytest.raises(ValidationError, match=r"texts is a str; give a list of texts, \[text\] for one"):
        client.embed("hello")
    with pytest.raises(ValidationError, match=r"texts\[1\] is a int; each must be text"):
        client.embed(["a", 1])  # type: ignore[list-item]
    assert server.requests() == []


@pytest.mark.parametrize("way", WAYS)
def test_a_budget_counts_what_was_used(server: ModelServer, way: str) -> None:
    budget = Budget(tokens=1000, usd=1.0, calls=10)
    client = open_embedder(server.script(numbered), max_batch=4, budget=budget)
    embed(client, way)
    assert (budget.used.tokens, budget.used.calls) == (21, 3)
    assert budget.used.usd == pytest.approx(21 * client._setup.info.prices.input / 1e6, abs=3e-9)  # type: ignore
    assert budget.remaining.tokens == 1000 - 21


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_sent_where_the_budget_has_no_room_for_all(server: ModelServer, way: str) -> None:
    budget, told = Budget(calls=2), []
    client = open_embedder(server.url, max_batch=4, budget=budget)
    with pytest.raises(BudgetExceededError):
        embed(client, way, observe=lambda kind, facts: told.append(kind))
    assert (server.requests(), told) == ([], ["budget.exceeded"])
    assert (budget.used.calls, budget.remaining.calls) == (0, 2)


@pytest.mark.parametrize("way", WAYS)
def test_what_failed_or_never_began_costs_no_budget(server: ModelServer, way: str) -> None:
    budget = Budget(calls=20)
    url = server.script(numbered, Reply.json(error_body("no"), 401))
    with pytest.raises(AuthError):
        embed(open_embedder(url, max_batch=1, budget=budget), way, max_concurrency=1)
    assert (budget.used.calls, budget.remaining.calls) == (1, 19)


def test_a_budget_in_dollars_needs_a_price(server: ModelServer) -> None:
    with pytest.raises(ConfigError, match="the price of openai:unheard-of is not known"):
        open_embedder(server.url, model="unheard-of", budget=Budget(usd=1.0)).embed(["a"])


@pytest.mark.parametrize("way", WAYS)
def test_observers_hear_of_each_request(server: ModelServer, way: str) -> None:
    told: list[tuple[str, Any]] = []
    client = open_embedder(server.script(numbered), max_batch=5)
    embed(client, way, observe=lambda kind, facts: told.append((kind, dict(facts))))
    usd = client._setup.info.cost(Usage(7))
    facts = {"model": "openai:text-embedding-3-small", "usd": usd, "cached": False}
    assert told == [("llm.answered", facts)] * 2


@pytest.mark.parametrize("way", WAYS)
def test_limits_of_the_account_hold(server: ModelServer, way: str) -> None:
    crowd = Crowd(1)
    url = server.script(crowd)
    embed(open_embedder(url, max_batch=1, limits={"max_concurrency": 1}), way, TEXTS[:3])
    assert (crowd.most, len(server.requests(url))) == (1, 3)


@pytest.mark.parametrize("way", WAYS)
def test_observers_hear_what_a_request_waits_for(server: ModelServer, way: str) -> None:
    told: list[tuple[str, Any]] = []
    url = server.script(Reply.json(error_body("busy"), 429, {"retry-after-ms": "200"}), numbered)
    client = open_embedder(url, policy={"max_attempts": 1})
    with pytest.raises(RateLimitError):
        client.embed(["1"])
    embed(client, way, observe=lambda kind, facts: told.append((kind, dict(facts))))
    assert [kind for kind, _ in told] == ["resource.limited", "llm.answered"]
    assert 0 < told[0][1]["seconds"] < 0.3


@pytest.mark.parametrize("way", WAYS)
def test_observers_hear_that_the_accounts_breaker_opens(server: ModelServer, way: str) -> None:
    told: list[tuple[str, Any]] = []
    url = server.script(Reply.json(error_body("down"), 500))
    client = open_embedder(url, policy={"max_attempts": 1}, protect={"breaker_consecutive": 1})
    with pytest.raises(UnavailableError):
        embed(client, way, observe=lambda kind, facts: told.append((kind, dict(facts))))
    [(kind, facts)] = told
    assert (kind, facts["resource"], facts["state"]) == (
        "resource.breaker",
        client._embedder.resource(),  # type: ignore[union-attr]
        "open",
    )
    with pytest.raises(CircuitOpenError):
        embed(client, way)


@pytest.mark.parametrize("way", WAYS)
def test_a_deadline_holds_for_all_requests_together(server: ModelServer, way: str) -> None:
    client = open_embedder(server.script(Reply.raw(b"", "hang")), max_batch=1)
    began = time.monotonic()
    with pytest.raises(DeadlineError, match=r"about texts\[\d\]"):
        embed(client, way, deadline=began + 0.2)
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("way", WAYS)
def test_a_policy_of_one_call_goes_before_the_clients(server: ModelServer, way: str) -> None:
    url = server.script(Reply.json(error_body("busy"), 429, {"retry-after": "0"}), numbered)
    client = open_embedder(url, policy={"max_attempts": 3})
    with pytest.raises(RateLimitError) as caught:
        embed(client, way, policy={"max_attempts": 1})
    assert caught.value.attempts == 1
    assert len(embed(client, way).vectors) == 10


def test_statistics_count_requests_tokens_and_money_until_they_are_reset(server: ModelServer) -> None:
    client = open_embedder(server.script(*[numbered] * 2, Reply.json(error_body("no"), 400)), max_batch=5)
    client.embed(TEXTS, max_concurrency=1)
    with pytest.raises(BadRequestError):
        client.embed(["1"])
    stats = client.get_stats()
    assert (stats["total_requests"], stats["successful_requests"], stats["failed_requests"]) == (3, 2, 1)
    assert (stats["input_tokens"], stats["output_tokens"], stats["circuit_breaker_state"]) == (
        14,
        0,
        "closed",
    )
    assert stats["cost"] == client._setup.info.cost(Usage(14))
    client.reset_stats()
    assert client.get_stats()["total_requests"] == client.get_stats()["input_tokens"] == 0


@pytest.mark.parametrize("way", ["blocking", "async"])
def test_the_first_request_uses_the_connection_that_warming_up_opened(way: str, server: ModelServer) -> None:
    client = open_embedder(server.script(numbered))
    client.warmup() if way == "blocking" else asyncio.run(client.warmup_async())
    client.embed(["1"])
    assert len(server.peers) == 1


def test_a_client_is_not_pickled_or_copied(server: ModelServer) -> None:
    client = open_embedder(server.url)
    for act in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError, match="holds a credential"):
            act(client)


# --- names ---


def registry_of(tmp_path: Path, text: str) -> ModelRegistry:
    path = tmp_path / "models.yaml"
    path.write_text(text, encoding="utf-8")
    return ModelRegistry([path], environ={})


def test_an_alias_says_model_address_and_bounds(server: ModelServer, tmp_path: Path) -> None:
    url = server.script(numbered)
    registry = registry_of(
        tmp_path,
        f"aliases:\n  meaning:\n    model: openai:text-embedding-3-large\n    base_url: {url}\n"
        "    temperature: 1\n    timeout: 3\n    policy: {max_attempts: 1}\n",
    )
    host = Host.isolated({("embedder", "openai"): OpenAIEmbedder})
    client = EmbeddingClient("meaning", host=host, registry=registry, api_key=KEY)
    assert (client.name, client.model, client.timeout) == ("openai", "text-embedding-3-large", 3)
    client.embed(["1"])
    assert server.requests(url)[0].json()["model"] == "text-embedding-3-large"
    assert repr(client) == "EmbeddingClient(openai:text-embedding-3-large)"


def test_a_models_own_name_is_enough(server: ModelServer) -> None:
    host = Host.isolated({("embedder", "openai"): OpenAIEmbedder})
    client = EmbeddingClient("text-embedding-3-small", host=host, **defaults(server.url))
    assert (client.name, client.model) == ("openai", "text-embedding-3-small")


def test_the_model_is_known_where_none_is_named(server: ModelServer) -> None:
    client = open_embedder(server.url)
    assert client.model == "text-embedding-3-small"
    assert client._setup.info.prices is not None


def test_a_chat_clients_embeddings_count_in_its_budget(server: ModelServer) -> None:
    budget = Budget(calls=1)
    host = Host.isolated({("provider", "openai"): OpenAIProvider, ("embedder", "openai"): OpenAIEmbedder})
    client = open_client(server.script(numbered), host=host, budget=budget)
    assert client.embed(["1"]) == [[1.0]]
    with pytest.raises(BudgetExceededError):
        client.respond(ChatRequest([Message("user", "Hi")]))


# --- retirement ---


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    monkeypatch.setattr(retirement, "_told", set())
    caplog.set_level(logging.WARNING, "graphbit_core.llm")
    return lambda: [one.getMessage() for one in caplog.records if one.name == "graphbit_core.llm"]


def test_the_end_of_a_model_is_told_once(
    server: ModelServer, tmp_path: Path, warnings: Callable[[], list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    registry = registry_of(
        tmp_path,
        "models:\n  openai:old:\n    retires: 2027-01-01\n    successor: openai:new\n"
        "  openai:old-vectors:\n    retires: 2027-02-01\n",
    )
    host = Host.isolated({("provider", "openai"): OpenAIProvider, ("embedder", "openai"): OpenAIEmbedder})
    settings = {**defaults(server.url), "host": host, "registry": registry}
    for _ in range(2):
        LlmClient("openai:old", **settings)
        EmbeddingClient("openai:old-vectors", **settings)
        EmbeddingClient("openai", model="old-vectors", **settings)
    assert warnings() == [
        "openai:old is served until 2027-01-01; use openai:new instead",
        "openai:old-vectors is served until 2027-02-01",
    ]
    assert capfd.readouterr() == ("", "")


# --- similarity ---


def test_similarity_is_the_cosine() -> None:
    similarity = EmbeddingClient.similarity
    assert similarity([1.0, 0.0], [0.0, 2.0]) == 0
    assert similarity([1.0, 1.0], [2.0, 2.0]) == pytest.approx(1)
    assert similarity([1.0, 0.0], [-3.0, 0.0]) == -1
    assert similarity([1.0, 0.0], [1.0, 1.0]) == pytest.approx(math.sqrt(0.5))
    assert similarity([1e200, 1e200], [1e-200, 1e-200]) == pytest.approx(1)
    assert all(-1 <= similarity([x, 0.1, 0.7], [x, 0.1, 0.7]) <= 1 for x in (0.1, 0.3, 1e-9))


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        ([1.0], [1.0, 2.0], "have 1 and 2 numbers; only those of one model can be compared"),
        ([0.0, 0.0], [1.0, 2.0], "vector a is all zeros"),
        ([1.0, 2.0], [0.0, 0.0], "vector b is all zeros"),
        ([1.0, math.nan], [1.0, 2.0], "vector a holds numbers that are not finite"),
        ([1.0, 2.0], [math.inf, 2.0], "vector b holds numbers that are not finite"),
        ([], [], "vector a is all zeros"),
    ],
)
def test_vectors_without_a_common_measure_have_no_similarity(
    a: list[float], b: list[float], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        EmbeddingClient.similarity(a, b)
