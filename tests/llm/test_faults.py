"""Every fault of a model server, asked for in every way: a typed error with facts, never an answer."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from graphbit_core import (
    DeadlineError,
    DecodeError,
    GraphBitError,
    ProviderError,
    RateLimitError,
    ResourceExhaustedError,
    StreamInterruptedError,
    TransportError,
    UnavailableError,
)
from graphbit_core.testing import ModelServer, Reply
from graphbit_core.testing.replies import chat_body, chat_chunk, chat_events, error_body, sse
from tests.llm.conftest import HASTY, KEY, WAYS, ask, open_client

WHOLE = Reply.json(chat_body("Grüß Gott 👋"))
EVENTS = sse(chat_events(("Grüß", " Gott ", "👋")))
STREAM = Reply.stream(EVENTS)
OPEN_STREAM = Reply.stream(EVENTS, chunked=False)
SECOND_FRAME = EVENTS.encode().index(b"data: ", 5)
STREAMED = ("stream", "async stream")


@dataclass(frozen=True)
class Fault:
    """What the server does, and the error it must be."""

    reply: Reply
    error: type[GraphBitError]
    facts: dict[str, Any] = field(default_factory=dict)


BOTH = {
    "rate limited": Fault(
        Reply.json(error_body("slow down"), 429, {"retry-after": "3"}),
        RateLimitError,
        {"status": 429, "retry_after": 3.0},
    ),
    "server error": Fault(Reply.json(error_body("boom"), 500), UnavailableError, {"status": 500}),
    "server error without body": Fault(Reply.text("", 503), UnavailableError, {"status": 503}),
    "redirect": Fault(
        Reply.text("", 302, {"location": "http://127.0.0.1:9/"}), ProviderError, {"status": 302}
    ),
    "hang before the head": Fault(WHOLE.cut(0, "hang"), DeadlineError, {"phase": "first_byte"}),
    "hang within the head": Fault(WHOLE.cut(20, "hang"), DeadlineError, {"phase": "first_byte"}),
    "close before the head": Fault(WHOLE.cut(0), TransportError),
    "close within the head": Fault(WHOLE.cut(20), TransportError),
    "reset before the head": Fault(WHOLE.cut(0, "reset"), TransportError),
    "reset within the head": Fault(WHOLE.cut(20, "reset"), TransportError),
    "not HTTP": Fault(Reply.raw(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"), TransportError),
    "random bytes": Fault(Reply.raw(bytes(range(256)) * 8), TransportError),
    "a head without end": Fault(
        Reply.raw(b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 1_000_000), TransportError
    ),
}
NOT_STREAMED = {
    "hang within the body": Fault(WHOLE.cut_body(40, "hang"), DeadlineError, {"phase": "idle"}),
    "close within the body": Fault(WHOLE.cut_body(40), TransportError, {"phase": "read"}),
    "reset within the body": Fault(WHOLE.cut_body(40, "reset"), TransportError),
    "content-length too large": Fault(
        Reply.text(WHOLE.body, 200, {"content-length": "99999", "connection": "close"}).cut_body(
            len(WHOLE.body)
        ),
        TransportError,
    ),
    "content-length too small": Fault(
        Reply.text(WHOLE.body, 200, {"content-length": "50", "connection": "close"}),
        DecodeError,
        {"status": 200},
    ),
    "not JSON": Fault(Reply.text("<html>busy</html>"), DecodeError, {"excerpt": "<html>busy</html>"}),
    "empty": Fault(Reply.text(""), DecodeError, {"excerpt": ""}),
    "not UTF-8": Fault(Reply.text(b'{"choices":"\xff\xfe"}'), DecodeError),
    "deeply nested": Fault(Reply.text("[" * 200_000), DecodeError),
    "an error with status 200": Fault(
        Reply.json(error_body("busy", kind="server_error")),
        UnavailableError,
        {"status": 200, "code": "server_error"},
    ),
    "huge, and says so": Fault(
        Reply.text(b" " * 2_000_000), ResourceExhaustedError, {"resource": "body", "limit": 1_000_000.0}
    ),
    "huge, without saying so": Fault(
        Reply.stream(b" " * 100_000, chunked=False).endless(0),
        ResourceExhaustedError,
        {"resource": "body", "limit": 1_000_000.0},
    ),
}
ONLY_STREAMED = {
    "hang within the stream": Fault(
        OPEN_STREAM.cut_body(SECOND_FRAME, "hang"), DeadlineError, {"phase": "idle"}
    ),
    "closed within the stream": Fault(
        OPEN_STREAM.cut_body(len(EVENTS.encode()) // 2), StreamInterruptedError, {"partial": "Grüß Gott "}
    ),
    "reset within the stream": Fault(STREAM.cut_body(SECOND_FRAME + 20, "reset"), StreamInterruptedError),
    "chunks cut short": Fault(STREAM.cut_body(len(STREAM.body) - 5), StreamInterruptedError),
    "no [DONE]": Fault(
        Reply.stream(sse(chat_events(("Hi",))[:-1])), StreamInterruptedError, {"partial": "Hi"}
    ),
    "no finish reason": Fault(
        Reply.stream(sse([chat_chunk({"content": "Hi"}), "[DONE]"])),
        StreamInterruptedError,
        {"partial": "Hi"},
    ),
    "empty": Fault(Reply.stream(""), StreamInterruptedError),
    "only comments": Fault(
        Reply.stream(": keep-alive\n\n", chunked=False).endless(0.02), DeadlineError, {"phase": "progress"}
    ),
    "an error inside the stream": Fault(
        Reply.stream(sse([chat_chunk({"content": "Hi"}), error_body("busy", kind="server_error")])),
        UnavailableError,
        {"code": "server_error"},
    ),
    "an error instead of a stream": Fault(
        Reply.json(error_body("busy", kind="server_error")), UnavailableError, {"status": 200}
    ),
    "JSON that is neither error nor answer": Fault(Reply.json({}), DecodeError, {"status": 200}),
    "garbage inside the stream": Fault(
        Reply.stream(sse([chat_chunk({"content": "Hi"}), "{oops"])), DecodeError, {"excerpt": "{oops"}
    ),
    "not UTF-8": Fault(Reply.stream(b"data: \xff\xfe\n\n"), DecodeError),
    "a frame without end": Fault(
        Reply.stream(b"data: " + b"x" * 100_000, chunked=False).endless(0),
        ResourceExhaustedError,
        {"resource": "frame"},
    ),
}
CASES = [
    pytest.param(way, fault, id=f"{way}-{name}")
    for ways, faults in ((WAYS, BOTH), (WAYS[:2], NOT_STREAMED), (STREAMED, ONLY_STREAMED))
    for way in ways
    for name, fault in faults.items()
]


@pytest.mark.parametrize(("way", "fault"), CASES)
def test_a_fault_is_a_typed_error_with_facts(way: str, fault: Fault, server: ModelServer) -> None:
    url = server.script(fault.reply)
    client = open_client(url, policy={**HASTY, "max_body": 1_000_000, "max_frame": 1_000_000})
    with pytest.raises(GraphBitError) as caught:
        ask(client, way)
    error = caught.value
    assert type(error) is fault.error or fault.error is GraphBitError
    facts = error.facts()
    assert (facts["provider"], facts["model"], facts["attempts"]) == ("openai", "scripted-1", 1)
    assert {name: facts.get(name) for name in fault.facts} == fault.facts
    assert KEY not in repr(error) + str(facts)
    assert server.url.removeprefix("http://") not in str(error)
    if fault.reply.ending != "keep":
        assert server.wait(lambda: server.open_peers() == 0, timeout=0.5), "the socket was not closed"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_body_split_anywhere_reads_the_same(way: str, size: int, server: ModelServer) -> None:
    reply = STREAM if way in STREAMED else WHOLE
    assert ask(open_client(server.script(reply.in_pieces(size))), way) == "Grüß Gott 👋"


@pytest.mark.parametrize("way", STREAMED)
def test_a_server_that_does_not_stream_still_answers(way: str, server: ModelServer) -> None:
    assert ask(open_client(server.script(WHOLE)), way) == "Grüß Gott 👋"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_comments_unknown_fields_and_any_line_end_do_not_disturb(
    way: str, newline: str, server: ModelServer
) -> None:
    text = "\ufeff: hello\n\nretry: 5\nid: 7\n\n" + EVENTS.replace("data: ", ": keep-alive\nx: y\ndata:")
    stream = Reply.stream(text.replace("\n", newline), chunked=False)
    reply = stream if way in STREAMED else Reply.text(b"\n\n\r\n " + WHOLE.body)
    assert ask(open_client(server.script(reply)), way) == "Grüß Gott 👋"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(WHOLE.cut(0, "hang"), id="hang"),
        pytest.param(WHOLE.in_pieces(1, 0.05), id="slow head"),
        pytest.param(Reply.text(b" " * 10_000).in_pieces(200, 0.05), id="slow body"),
        pytest.param(OPEN_STREAM.in_pieces(20, 0.05), id="slow stream"),
        pytest.param(Reply.stream(": still here\n\n", chunked=False).endless(0.05), id="comments"),
        pytest.param(Reply.json(error_body("x"), 500, {"retry-after": "0.2"}), id="retries"),
    ],
)
def test_the_deadline_holds_whatever_the_server_does(way: str, reply: Reply, server: ModelServer) -> None:
    client = open_client(server.script(reply), timeout=0.5)
    begun = time.monotonic()
    with pytest.raises((DeadlineError, UnavailableError)) as caught:
        ask(client, way)
    assert time.monotonic() - begun < 0.7
    assert isinstance(caught.value, DeadlineError) or reply.head.startswith(b"HTTP/1.1 500")


def test_a_deadline_of_the_caller_is_kept_where_it_is_earlier(server: ModelServer) -> None:
    client = open_client(server.script(WHOLE.cut(0, "hang")))
    begun = time.monotonic()
    with pytest.raises(DeadlineError) as caught:
        client.stream("Hi", deadline=begun + 0.3).__iter__().__next__()
    assert time.monotonic() - begun < 0.5
    assert caught.value.phase == "total"


def test_faults_leave_no_descriptor_behind(server: ModelServer) -> None:
    def run_all() -> int:
        for case in CASES[:: len(CASES) // 24]:
            way, fault = cast("tuple[str, Fault]", case.values)
            with pytest.raises(GraphBitError):
                ask(open_client(server.script(fault.reply), policy={**HASTY, "max_body": 1_000_000}), way)
        server.wait(lambda: server.open_peers() <= 8, timeout=1)
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208

    before = run_all()
    assert run_all() <= before + 16


def test_an_error_names_the_request_by_the_id_of_the_server(server: ModelServer) -> None:
    reply = Reply.json(error_body("x"), 400, {"x-request-id": "req-77"})
    with pytest.raises(ProviderError) as caught:
        open_client(server.script(reply)).complete("Hi")
    assert caught.value.request_id == "req-77"


def test_an_error_that_repeats_the_key_and_the_address_is_redacted(server: ModelServer) -> None:
    said = json.dumps(error_body(f"bad key {KEY} at {server.url}/v1"))
    with pytest.raises(ProviderError) as caught:
        open_client(server.script(Reply.text(said, 401))).complete("Hi")
    assert caught.value.message == "HTTP 401: bad key *** at ***/v1"
    assert str(caught.value) == "HTTP 401: bad key *** at ***/v1 (openai:scripted-1)"
    assert isinstance(caught.value, PermissionError)
