"""The law: cancel › cache › total deadline › fallback › retry › breaker › permits › rate limit › attempt."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from graphbit_core import CircuitOpenError, DeadlineError, RateLimitError, ResponseCache, UnavailableError
from graphbit_core.testing import ModelServer, Reply
from graphbit_core.testing.model_server import echo_chat
from graphbit_core.testing.replies import error_body
from tests.llm.conftest import KEY, WAYS, ask, open_client

BOOM = Reply.json(error_body("boom"), 500)
HANG = Reply.raw(b"", "hang")
QUICK = {"backoff_base": 0.001}


def second(url: str, **settings: Any) -> dict[str, Any]:
    """A fallback at another address."""
    return {"model": "openai:scripted-2", "base_url": url, "api_key": KEY, **settings}


def trip(url: str, model: str = "scripted-1") -> None:
    """Opens the breaker of the account at ``url``, which answers the next five calls with 500."""
    for _ in range(5):
        with pytest.raises(UnavailableError):
            open_client(url, model, policy={"max_attempts": 1}).complete("trip")
    assert open_client(url).get_stats()["circuit_breaker_state"] == "open"


def seconds(call: Any) -> float:
    begun = time.monotonic()
    call()
    return time.monotonic() - begun


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fallback", [False, True])
def test_a_cached_answer_is_given_though_the_breaker_is_open(
    way: str, fallback: bool, server: ModelServer
) -> None:
    url, other = server.script(echo_chat, BOOM), server.script(echo_chat)
    fallbacks = [second(other)] if fallback else []
    client = open_client(url, cache=ResponseCache(":memory:"), fallbacks=fallbacks)
    assert ask(client, way) == "Hello"
    trip(url)
    if fallback:
        client.complete("something else")  # which notes that the first is to be left alone
    before = len(server.requests())
    assert ask(client, way) == "Hello"
    assert len(server.requests()) == before


@pytest.mark.parametrize("way", WAYS)
def test_the_total_deadline_cuts_the_fallbacks_too(way: str, server: ModelServer) -> None:
    first, other = server.script(BOOM), server.script(HANG)
    client = open_client(first, fallbacks=[second(other)], timeout=0.5, policy=QUICK)
    begun = time.monotonic()
    with pytest.raises(DeadlineError) as caught:
        ask(client, way)
    assert 0.4 < time.monotonic() - begun < 0.7
    assert caught.value.phase == "total"
    assert (len(server.requests(first)), len(server.requests(other))) == (3, 1)


@pytest.mark.parametrize("way", WAYS)
def test_a_fallback_is_asked_once_the_retries_of_the_one_before_are_used_up(
    way: str, server: ModelServer
) -> None:
    first, other = server.script(BOOM), server.script(BOOM, echo_chat)
    client = open_client(first, fallbacks=[second(other)], policy=QUICK)
    assert ask(client, way) == "Hello"
    assert (len(server.requests(first)), len(server.requests(other))) == (3, 2)
    assert max(r.at for r in server.requests(first)) < min(r.at for r in server.requests(other))


def test_an_open_breaker_ends_the_retries_at_once(server: ModelServer) -> None:
    url = server.script(BOOM)
    for _ in range(3):
        with pytest.raises(UnavailableError):
            open_client(url, policy={"max_attempts": 1}).complete("Hi")
    patient = {"max_attempts": 9, "backoff_base": 0.001}
    with pytest.raises(UnavailableError) as caught:
        open_client(url, policy=patient).complete("Hi")
    assert caught.value.attempts == 2
    assert len(server.requests(url)) == 5


@pytest.mark.parametrize("way", WAYS)
def test_with_an_open_breaker_the_fallback_is_asked_at_once(way: str, server: ModelServer) -> None:
    url, other = server.script(BOOM), server.script(echo_chat)
    trip(url)
    client = open_client(url, fallbacks=[second(other)])
    assert seconds(lambda: ask(client, way)) < 0.3
    assert (len(server.requests(url)), len(server.requests(other))) == (5, 1)


@pytest.mark.parametrize("way", WAYS)
def test_an_open_breaker_refuses_before_a_permit_is_waited_for(way: str, server: ModelServer) -> None:
    url = server.script(HANG, BOOM)
    client = open_client(url, limits={"max_concurrency": 1})

    async def refused() -> float:
        holds_the_permit = asyncio.ensure_future(client.complete_async("Hi"))
        await asyncio.to_thread(server.wait, lambda: bool(server.requests(url)))
        await asyncio.to_thread(trip, url, "another-model")
        begun = time.monotonic()
        with pytest.raises(CircuitOpenError):
            await asyncio.to_thread(ask, client, way)
        holds_the_permit.cancel()
        return time.monotonic() - begun

    assert asyncio.run(refused()) < 0.3


def test_a_back_off_holds_no_permit(server: ModelServer) -> None:
    url = server.script(Reply.json(error_body("x"), 503, {"retry-after": "0.6"}), echo_chat)
    client = open_client(url, limits={"max_concurrency": 1})

    async def both() -> tuple[float, float]:
        begun = time.monotonic()
        first = asyncio.ensure_future(client.complete_async("Hi"))
        await asyncio.to_thread(server.wait, lambda: bool(server.requests(url)))
        await asyncio.sleep(0.05)
        await client.complete_async("Hi")
        beside = time.monotonic() - begun
        await first
        return beside, time.monotonic() - begun

    beside, first = asyncio.run(both())
    assert beside < 0.5 < 0.6 <= first


@pytest.mark.parametrize("way", WAYS)
def test_a_wait_past_the_deadline_goes_to_the_fallback_at_once(way: str, server: ModelServer) -> None:
    busy = Reply.json(error_body("x"), 429, {"retry-after": "30"})
    url, other = server.script(busy), server.script(echo_chat)
    client = open_client(url, fallbacks=[second(other)], timeout=5)
    assert seconds(lambda: ask(client, way)) < 0.4
    fresh = open_client(url, fallbacks=[second(other)], timeout=5)
    assert seconds(lambda: ask(fresh, way)) < 0.4
    assert (len(server.requests(url)), len(server.requests(other))) == (1, 2)
    alone = open_client(url, timeout=5)
    begun = time.monotonic()
    with pytest.raises((DeadlineError, RateLimitError)):
        ask(alone, way)
    assert time.monotonic() - begun < 0.3


@pytest.mark.parametrize("way", WAYS)
def test_a_full_limiter_goes_to_the_fallback_at_once(way: str, server: ModelServer) -> None:
    url, other = server.script(echo_chat), server.script(echo_chat)
    unlimited = second(other, limits={"requests_per_minute": 600})
    client = open_client(url, fallbacks=[unlimited], limits={"requests_per_minute": 1})
    for _ in range(3):
        assert seconds(lambda: ask(client, way)) < 0.4
    assert (len(server.requests(url)), len(server.requests(other))) == (1, 2)
