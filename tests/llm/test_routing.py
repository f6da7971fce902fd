"""Which endpoint is asked first."""

from __future__ import annotations

import time
from collections.abc import Sequence
from threading import Barrier, Thread
from typing import Any

import pytest
from graphbit_openai import OpenAIProvider

from graphbit_core import (
    AuthError,
    ChatRequest,
    CircuitOpenError,
    Endpoint,
    Host,
    LlmClient,
    Message,
    RateLimitError,
    UnavailableError,
    Usage,
    ValidationError,
)
from graphbit_core.llm.endpoints.routing import Balance, Cheapest, Fastest, awake
from graphbit_core.llm.models import ModelInfo, Prices
from graphbit_core.testing import ModelServer, Reply
from graphbit_core.testing.replies import chat_body, error_body
from tests.llm.endpoints import chain, models

REQUEST = ChatRequest((Message("user", "x" * 400),))


def three() -> Sequence[Endpoint]:
    return chain({"a": [], "b": [], "c": []})[0].endpoints


def names(endpoints: Sequence[Endpoint]) -> str:
    return "".join(endpoint.provider for endpoint in endpoints)


def test_the_cheapest_for_this_request_comes_first_and_unknown_prices_last() -> None:
    endpoints = three()
    for endpoint, prices in zip(endpoints[1:], (Prices(1.0, 10.0), Prices(4.0, 4.0)), strict=True):
        endpoint.info = ModelInfo("m", endpoint.provider, prices=prices)
    router = Cheapest()
    assert names(router(REQUEST, endpoints)) == "cba"
    short = ChatRequest(REQUEST.messages, max_tokens=1)
    assert names(router(short, endpoints)) == "bca"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_fastest_comes_first_once_all_were_measured() -> None:
    clock, endpoints = Clock(), three()
    router = Fastest(clock)
    for endpoint, seconds in zip(endpoints, (0.3, 0.1), strict=False):
        endpoint.meter.begin()
        endpoint.meter.answer(clock.now - seconds, clock.now, Usage())
    assert names(router(REQUEST, endpoints)) == "cba", "c was never measured"
    endpoints[2].meter.begin()
    endpoints[2].meter.answer(clock.now - 0.2, clock.now, Usage())
    assert names(router(REQUEST, endpoints)) == "bca"


def test_streams_are_compared_by_their_first_piece() -> None:
    clock, endpoints = Clock(), three()[:2]
    for endpoint, first, whole in zip(endpoints, (0.05, 0.2), (9.0, 0.3), strict=True):
        endpoint.meter.begin()
        endpoint.meter.piece(first)
        endpoint.meter.answer(clock.now - whole, clock.now, Usage())
    assert names(Fastest(clock)(REQUEST, endpoints)) == "ab"


def test_an_endpoint_that_fails_fast_is_not_fast_and_an_old_measurement_says_little() -> None:
    clock, endpoints = Clock(), three()[:2]
    for endpoint, seconds in zip(endpoints, (0.1, 0.15), strict=True):
        endpoint.meter.begin()
        endpoint.meter.answer(clock.now - seconds, clock.now, Usage())
    router = Fastest(clock)
    endpoints[0].meter.begin()
    endpoints[0].meter.fail(clock.now, clock.now, UnavailableError("down"))
    assert names(router(REQUEST, endpoints)) == "ba"
    clock.now += 61
    assert names(router(REQUEST, endpoints)) == "ba", "what failed last goes behind what is not known"
    endpoints[0].meter.begin()
    endpoints[0].meter.answer(clock.now - 0.1, clock.now, Usage())
    assert names(router(REQUEST, endpoints)) == "ba", "b gets another chance after a minute"


def test_calls_go_round_by_weight() -> None:
    host, made = models(a=["x"] * 9, b=["x"] * 9)
    fallbacks = [{"model": "b:m", "weight": 2}]
    client = LlmClient("a:m", host=host, fallbacks=fallbacks, router="balance")
    for _ in range(9):
        client.complete("Hi")
    assert {name: len(model.requests) for name, model in made.items()} == {"a": 3, "b": 6}


def test_the_least_busy_for_its_weight_comes_first() -> None:
    endpoints = three()
    endpoints[0].meter.begin()
    endpoints[1].meter.begin()
    endpoints[1].meter.begin()
    endpoints[1].weight = 4.0
    endpoints[2].meter.begin()
    assert names(Balance()(REQUEST, endpoints)) == "bac"


def test_turns_are_taken_from_many_threads_without_losing_one() -> None:
    endpoints, router, barrier = three(), Balance(), Barrier(4)
    firsts: list[str] = []

    def work() -> None:
        barrier.wait()
        for _ in range(300):
            firsts.append(names(router(REQUEST, endpoints))[0])

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: firsts.count(name) for name in "abc"} == {"a": 400, "b": 400, "c": 400}


def test_keys_of_one_model_are_endpoints_of_their_own(server: ModelServer) -> None:
    host = Host.isolated({("provider", "openai"): OpenAIProvider})
    keys = ["sk-first-12345", "sk-second-1234"]
    client = LlmClient("openai:m", host=host, base_url=server.url, api_keys=keys, router="balance")
    assert repr(client) == "LlmClient(openai:m, openai:m#2)"
    for _ in range(4):
        client.complete("Hi")
    sent = [request.headers["authorization"] for request in server.requests()]
    assert sent == [f"Bearer {key}" for key in keys * 2]
    assert not any(key in repr(vars(client)) + str(client.get_stats()) for key in keys)


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (RateLimitError("slow down", retry_after=7.0), 7),
        (CircuitOpenError("open", retry_after=5.0), 5),
        (RateLimitError("quota", retryable=False), 60),
        (AuthError("no"), 60),
        (RateLimitError("slow down"), 0),
        (UnavailableError("down", retry_after=9.0), 0),
    ],
    ids=["429", "open circuit", "used up", "refused key", "429 without a time", "503"],
)
def test_an_endpoint_is_left_alone_until_its_time_is_over(error: Exception, seconds: float) -> None:
    endpoints = three()
    endpoints[0].meter.begin()
    endpoints[0].meter.fail(99.0, 100.0, error)
    assert names(awake(endpoints, 100.0)) == ("bc" if seconds else "abc")
    assert names(awake(endpoints, 100.0 + seconds - 0.01)) == ("bc" if seconds else "abc")
    assert names(awake(endpoints, 100.0 + seconds)) == "abc"


def test_where_all_must_be_left_alone_all_are_asked() -> None:
    endpoints = three()
    for endpoint in endpoints:
        endpoint.meter.begin()
        endpoint.meter.fail(99.0, 100.0, RateLimitError("slow down", retry_after=7.0))
    assert names(awake(endpoints, 101.0)) == "abc"


def test_a_key_that_is_to_wait_is_not_asked_again_before_its_time(server: ModelServer) -> None:
    full = server.script(Reply.json(error_body("slow down"), 429, {"retry-after": "300"}))
    free = server.script(Reply.json(chat_body("ok")))
    host = Host.isolated({("provider", "openai"): OpenAIProvider})
    other = {"model": "openai:m", "base_url": free, "api_key": "sk-second-1234"}
    client = LlmClient(
        "openai:m", host=host, base_url=full, api_key="sk-first-12345", fallbacks=[other], timeout=10
    )
    begun = time.monotonic()
    assert [client.complete("Hi") for _ in range(3)] == ["ok"] * 3
    assert (len(server.requests(full)), len(server.requests(free))) == (1, 3)
    assert time.monotonic() - begun < 2


def test_a_router_of_ones_own_chooses() -> None:
    host, made = models(a=[], b=["from b"])

    def last(request: ChatRequest, endpoints: Sequence[Endpoint]) -> Sequence[Endpoint]:
        assert request.messages[-1].text == "Hi"
        return endpoints[-1:]

    client = LlmClient("a:m", host=host, fallbacks=["b:m"], router=last)
    assert client.complete("Hi") == "from b"
    assert not made["a"].requests


def test_a_router_that_chooses_nothing_is_told_so() -> None:
    client, _ = chain({"a": [], "b": []}, router=lambda request, endpoints: ())
    with pytest.raises(ValidationError, match="chose no endpoint"):
        client.complete("Hi")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"router": "fastes"}, "did you mean 'fastest'"),
        ({"fallbacks": [{"model": "b:m", "weight": 0}]}, "weight"),
        ({"fallbacks": [{"weight": 1}]}, "give 'provider:model'"),
        ({"api_keys": []}, "at least one key"),
        ({"api_keys": "sk-x"}, "list"),
        ({"api_keys": ["x"], "api_key": "y"}, "one of them"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_fix(options: dict[str, Any], says: str) -> None:
    host, _ = models(a=[], b=[])
    with pytest.raises(ValidationError, match=says):
        LlmClient("a:m", **{"host": host, "fallbacks": ["b:m"], **options})
