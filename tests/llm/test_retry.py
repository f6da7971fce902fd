"""One layer retries, and it retries what may help."""

from __future__ import annotations

import asyncio

import pytest

from graphbit_core import (
    BadRequestError,
    ChatStream,
    CircuitOpenError,
    DecodeError,
    Delta,
    GraphBitError,
    RateLimitError,
    StreamInterruptedError,
    TransportError,
    UnavailableError,
)
from graphbit_core.testing import ModelServer, Reply
from graphbit_core.testing.model_server import echo_chat
from graphbit_core.testing.replies import chat_events, error_body, sse
from tests.llm.conftest import KEY, WAYS, ask, open_client, open_embedder

QUICK = {"backoff_base": 0.01, "first_byte_timeout": 0.2}
BOOM = Reply.json(error_body("boom"), 500)
HELLO = sse(chat_events())
BROKEN = error_body("overloaded", kind="server_error")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "first",
    [
        pytest.param(BOOM, id="500"),
        pytest.param(Reply.json(error_body("x"), 409), id="409"),
        pytest.param(Reply.json(error_body("x"), 429, {"retry-after": "0"}), id="429"),
        pytest.param(Reply.json(error_body("x"), 400, {"x-should-retry": "true"}), id="x-should-retry"),
        pytest.param(Reply.raw(b""), id="closed"),
        pytest.param(Reply.raw(b"", "hang"), id="hang"),
        pytest.param(Reply.json({}), id="no answer"),
        pytest.param(Reply.stream(HELLO, chunked=False).cut_body(10), id="cut before the first frame"),
    ],
)
def test_a_passing_fault_is_not_seen(way: str, first: Reply, server: ModelServer) -> None:
    url = server.script(first, echo_chat)
    assert ask(open_client(url, policy=QUICK), way) == "Hello"
    assert len(server.requests(url)) == 2


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("reply", "error", "requests"),
    [
        pytest.param(BOOM, UnavailableError, 3, id="500"),
        pytest.param(Reply.json({}), DecodeError, 3, id="no answer"),
        pytest.param(Reply.raw(b""), TransportError, 3, id="closed"),
        pytest.param(Reply.json(error_body("x"), 501), UnavailableError, 1, id="501"),
        pytest.param(Reply.json(error_body("x"), 400), BadRequestError, 1, id="400"),
        pytest.param(
            Reply.json(error_body("x"), 503, {"x-should-retry": "false"}),
            UnavailableError,
            1,
            id="told not to",
        ),
        pytest.param(
            Reply.json(error_body("x", code="insufficient_quota"), 429), RateLimitError, 1, id="no credit"
        ),
        pytest.param(
            Reply.json(error_body("x"), 429, {"retry-after": "500"}), RateLimitError, 1, id="too long a wait"
        ),
    ],
)
def test_attempts_are_counted_and_bounded(
    way: str, reply: Reply, error: type[GraphBitError], requests: int, server: ModelServer
) -> None:
    url = server.script(reply)
    with pytest.raises(error) as caught:
        ask(open_client(url, policy=QUICK), way)
    assert caught.value.facts()["attempts"] == requests == len(server.requests(url))


def test_a_retry_never_comes_before_the_time_the_server_named(server: ModelServer) -> None:
    url = server.script(Reply.json(error_body("x"), 429, {"retry-after": "0.3"}), echo_chat)
    open_client(url, policy=QUICK).complete("Hi")
    first, second = server.requests(url)
    assert 0.3 <= second.at - first.at < 0.6


@pytest.mark.parametrize("way", ["stream", "async stream"])
def test_what_was_handed_out_is_not_asked_for_again(way: str, server: ModelServer) -> None:
    cut = Reply.stream(HELLO, chunked=False).cut_body(len(HELLO) // 2)
    url = server.script(cut, echo_chat)
    with pytest.raises(StreamInterruptedError) as caught:
        ask(open_client(url, policy=QUICK), way)
    assert caught.value.partial == "Hello"[: len(caught.value.partial or "")] != ""
    assert len(server.requests(url)) == 1


@pytest.mark.parametrize("way", ["stream", "async stream"])
@pytest.mark.parametrize(
    "first",
    [
        pytest.param(Reply.stream(HELLO, chunked=False).cut_body(len(HELLO) // 2), id="cut"),
        pytest.param(Reply.stream(sse([*chat_events()[:2], BROKEN, *chat_events()])), id="error in between"),
    ],
)
def test_a_stream_begins_anew_where_that_is_wanted(way: str, first: Reply, server: ModelServer) -> None:
    url = server.script(first, Reply.stream(sse(chat_events(["Once", " more"]))))
    client = open_client(url, policy={**QUICK, "restart_streams": 1})
    stream = client.stream("Hi")
    deltas = list(stream.deltas()) if way == "stream" else asyncio.run(_all_of(stream))
    kinds = [delta.kind for delta in deltas]
    assert kinds.count("restart") == 1 and "text" in kinds[: kinds.index("restart")]
    kept = "".join(delta.text for delta in deltas[kinds.index("restart") :] if delta.kind == "text")
    assert kept == stream.response.text == "Once more"
    assert len(server.requests(url)) == 2


async def _all_of(stream: ChatStream) -> list[Delta]:
    return [delta async for delta in stream.deltas()]


def test_a_resource_that_keeps_failing_is_left_alone_by_every_client_of_it(server: ModelServer) -> None:
    url = server.script(BOOM)
    for _ in range(5):
        with pytest.raises(UnavailableError):
            open_client(url, policy={"max_attempts": 1}).complete("Hi")
    with pytest.raises(CircuitOpenError) as caught:
        open_client(url).complete("Hi")
    assert (caught.value.retry_after or 0) > 0
    assert KEY not in str(caught.value)
    assert len(server.requests(url)) == 5
    assert open_client(url).get_stats()["circuit_breaker_state"] == "open"
    assert open_client(url, api_key="sk-another-account").get_stats()["circuit_breaker_state"] == "closed"


def test_refused_requests_leave_the_circuit_closed(server: ModelServer) -> None:
    client = open_client(server.script(Reply.json(error_body("x"), 400)))
    for _ in range(20):
        with pytest.raises(BadRequestError):
            client.complete("Hi")
    assert client.get_stats()["circuit_breaker_state"] == "closed"


def test_too_few_vectors_are_asked_for_again(server: ModelServer) -> None:
    row = {"index": 0, "embedding": [1.0]}
    url = server.script(Reply.json({"data": [row]}), Reply.json({"data": [row, {**row, "index": 1}]}))
    assert open_embedder(url, policy=QUICK).embed(["a", "b"]) == [[1.0], [1.0]]
    with pytest.raises(DecodeError, match="1 vectors for 2 texts"):
        open_embedder(server.script(Reply.json({"data": [row]})), policy=QUICK).embed(["a", "b"])
