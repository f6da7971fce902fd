"""How an account is protected: who may say it, that it holds, and that who observes hears of it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from graphbit_core import (
    ChatRequest,
    CircuitOpenError,
    LlmClient,
    Message,
    ModelRegistry,
    ProviderError,
    UnavailableError,
    ValidationError,
)
from graphbit_core.testing import ModelServer, Reply
from graphbit_core.testing.replies import chat_body, error_body
from tests.llm.conftest import KEY, WAYS, ask, open_client

ONCE = {"max_attempts": 1}
BOOM = Reply.json(error_body("down"), 503)
HOPELESS = Reply.json(error_body("down"), 503, {"x-should-retry": "false"})
HI = ChatRequest([Message("user", "Hi")])


def failures_until_open(client: LlmClient, way: str = "blocking") -> int:
    """How many calls fail before the circuit is open."""
    for number in range(20):
        try:
            ask(client, way)
        except CircuitOpenError:
            return number
        except UnavailableError:
            continue
    raise AssertionError("the circuit stays closed")


@pytest.mark.parametrize("way", WAYS)
def test_a_client_says_when_the_circuit_opens(way: str, server: ModelServer) -> None:
    client = open_client(server.script(BOOM), policy=ONCE, protect={"breaker_consecutive": 2})
    assert failures_until_open(client, way) == 2


def test_a_fallback_has_a_protection_of_its_own(server: ModelServer) -> None:
    spare = {"model": "openai:spare", "base_url": server.script(BOOM), "api_key": KEY}
    client = open_client(
        server.script(BOOM),
        policy=ONCE,
        protect={"breaker_consecutive": 2},
        fallbacks=[{**spare, "protect": {"breaker_consecutive": 3}}],
    )
    states = []
    for _ in range(3):
        with pytest.raises(ProviderError):
            client.complete("Hi")
        states.append([one["circuit_breaker_state"] for one in client.get_stats()["endpoints"].values()])
    assert states == [["closed", "closed"], ["open", "closed"], ["open", "open"]]


def test_a_file_of_the_registry_protects_a_model_and_a_client_goes_before_it(
    server: ModelServer, tmp_path: Path
) -> None:
    file = tmp_path / "models.yaml"
    file.write_text(
        "aliases:\n  careful:\n    model: openai:m\n    policy: {max_attempts: 1}\n"
        "    protect: {breaker_consecutive: 3, breaker_open: 9}\n"
    )
    registry = ModelRegistry([file], environ={})
    by_file = named("careful", server.script(BOOM), registry=registry)
    assert failures_until_open(by_file) == 3
    [figures] = by_file.get_stats()["endpoints"].values()
    assert 6 < figures["retry_after"] < 12  # not all clients come back at the same moment
    by_client = named("careful", server.script(BOOM), registry=registry, protect={"breaker_consecutive": 4})
    assert failures_until_open(by_client) == 4


def named(model: str, url: str, **settings: Any) -> LlmClient:
    return LlmClient(model, base_url=url, api_key=KEY, timeout=10, **settings)


@pytest.mark.parametrize(
    ("where", "wrong", "says"),
    [
        ("protect", {"breaker_consecutiv": 1}, "breaker_consecutive"),
        ("protect", {"breaker_ratio": 2}, "breaker_ratio"),
        ("limits", {"max_concurency": 1}, "max_concurrency"),
    ],
)
def test_a_wrong_bound_is_told_when_the_client_is_made(where: str, wrong: Any, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        open_client("http://127.0.0.1:9", **{where: wrong})


def test_a_fallbacks_bounds_are_names_and_numbers() -> None:
    with pytest.raises(ValidationError, match="protect is 3; give names and numbers"):
        open_client("http://127.0.0.1:9", fallbacks=[{"model": "openai:m", "protect": 3}])


@pytest.mark.parametrize("way", ["blocking", "async"])
@pytest.mark.parametrize("attempts", [1, 2])
def test_who_observes_hears_what_its_call_did_to_the_circuit(
    attempts: int, way: str, server: ModelServer
) -> None:
    url = server.script(*[BOOM] * attempts, Reply.json(chat_body("well")))
    client = open_client(
        url,
        policy={"max_attempts": attempts, "backoff_base": 0.001, "backoff_cap": 0.001},
        protect={"breaker_consecutive": attempts, "breaker_open": 0.05, "breaker_probes": 1},
    )
    heard: list[Any] = []

    def listen(kind: str, facts: Any) -> None:
        if kind == "resource.breaker":
            assert facts["resource"] == client.endpoints[0].resource
            assert (facts["retry_after"] is not None) == (facts["state"] == "open")
            heard.append(facts["state"])

    def call() -> str:
        if way == "blocking":
            return client.respond(HI, observe=listen).text
        return asyncio.run(client.respond_async(HI, observe=listen)).text

    with pytest.raises(UnavailableError):
        call()
    assert heard == ["open"]
    time.sleep(0.1)
    assert call() == "well"
    assert heard == ["open", "half_open", "closed"]


def test_who_observes_hears_that_a_final_failure_opened_the_circuit(server: ModelServer) -> None:
    client = open_client(server.script(HOPELESS), protect={"breaker_consecutive": 1})
    heard: list[Any] = []
    with pytest.raises(UnavailableError):
        client.respond(HI, observe=lambda kind, facts: heard.append((kind, facts.get("state"))))
    assert len(server.requests()) == 1
    assert heard == [("resource.breaker", "open")]
