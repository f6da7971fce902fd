"""B5 of the battery, through a client: which statuses are asked again, how often, and when."""

from __future__ import annotations

import pytest

from graphbit_core import GraphBitError
from graphbit_core.testing import ModelServer, Reply
from graphbit_core.testing.model_server import echo_chat
from graphbit_core.testing.replies import error_body
from tests.llm.conftest import open_client

AGAIN = (408, 409, 425, 429, 500, 502, 503, 504, 520, 529)
FINAL = (400, 401, 402, 403, 404, 405, 410, 413, 415, 422, 451, 501, 505)


@pytest.mark.parametrize("attempts", [1, 2, 3, 4])
@pytest.mark.parametrize("status", AGAIN + FINAL)
def test_b5_a_status_is_asked_for_exactly_as_often_as_it_may_be(
    status: int, attempts: int, server: ModelServer
) -> None:
    url = server.script(Reply.json(error_body("x"), status))
    client = open_client(url, policy={"max_attempts": attempts, "backoff_base": 0.001})
    with pytest.raises(GraphBitError) as caught:
        client.complete("Hi")
    expected = attempts if status in AGAIN else 1
    assert len(server.requests(url)) == expected
    assert caught.value.attempts == expected  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after-ms": "120"}, 0.12),
        ({"retry-after": "0.12"}, 0.12),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "120ms"}, 0.12),
        ({"x-ratelimit-remaining-requests": "9", "x-ratelimit-reset-requests": "1h"}, 0.0),
        ({"retry-after": "Wed, 01 Jan 2020 00:00:00 GMT"}, 0.0),
        ({"retry-after": "0", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "3600"}, 0.0),
        ({"retry-after": "soon"}, 0.0),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_b5_a_retry_never_comes_before_the_server_said(
    status: int, headers: dict[str, str], wait: float, server: ModelServer
) -> None:
    url = server.script(Reply.json(error_body("x"), status, headers), echo_chat)
    open_client(url, policy={"backoff_base": 0.001}).complete("Hi")
    first, second = server.requests(url)
    assert wait <= second.at - first.at < wait + 1


def test_b5_a_429_that_is_final_makes_the_next_call_wait_all_the_same(server: ModelServer) -> None:
    final = {"retry-after": "0.3", "x-should-retry": "false"}
    url = server.script(Reply.json(error_body("x"), 429, final), echo_chat)
    client = open_client(url)
    with pytest.raises(GraphBitError):
        client.complete("Hi")
    client.complete("Hi")
    first, second = server.requests(url)
    assert 0.3 <= second.at - first.at < 2


def test_a_good_reply_that_says_nothing_is_left_makes_the_next_call_wait(server: ModelServer) -> None:
    last = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "300ms"}
    body = Reply.json({"choices": [{"message": {"role": "assistant", "content": "x"}}]}, 200, last)
    url = server.script(body, echo_chat)
    client = open_client(url)
    client.complete("Hi")
    client.complete("Hi")
    first, second = server.requests(url)
    assert 0.3 <= second.at - first.at < 2
