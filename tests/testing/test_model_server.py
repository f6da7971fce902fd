from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from graphbit_core.testing import ModelServer, Reply

OK = Reply.json({"said": "ok"})


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


def dial(server: ModelServer) -> socket.socket:
    parts = urlsplit(server.url)
    return socket.create_connection((parts.hostname, parts.port), timeout=5)


def post(url: str, body: bytes = b"{}") -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    try:
        connection.request("POST", parts.path + "/chat/completions", body)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def test_a_script_gives_its_replies_in_order_and_repeats_the_last(server: ModelServer) -> None:
    url = server.script(Reply.json({}, 429), OK)
    other = server.script(Reply.json({}, 500))
    assert [post(url)[0], post(other)[0], post(url)[0], post(url)[0]] == [429, 500, 200, 200]
    assert len(server.requests(url)) == 3
    assert len(server.requests()) == 4


def test_what_a_peer_sent_is_kept_as_it_came(server: ModelServer) -> None:
    post(url := server.script(OK), b'{"a": 1}')
    (request,) = server.requests()
    path = url.removeprefix(server.url) + "/chat/completions"
    assert (request.method, request.path) == ("POST", path)
    assert (request.json(), request.headers["content-length"]) == ({"a": 1}, "8")


def test_without_a_script_it_answers_as_a_chat_model(server: ModelServer) -> None:
    assert b'"content": "Hello"' in post(server.url)[1]
    assert post(server.url, b'{"stream": true}')[1].endswith(b"data: [DONE]\n\n")


def test_a_reply_can_depend_on_its_request(server: ModelServer) -> None:
    url = server.script(lambda request: Reply.text(request.body[::-1]))
    assert post(url, b"abc") == (200, b"cba")


def test_a_cut_is_made_at_the_byte_asked_for(server: ModelServer) -> None:
    whole = OK.head + OK.body
    for at in (0, 1, len(OK.head), len(whole) - 1):
        with dial(server) as peer:
            url = server.script(OK.cut(at))
            peer.sendall(f"GET {urlsplit(url).path}/ HTTP/1.1\r\n\r\n".encode())
            got = b""
            while data := peer.recv(4096):
                got += data
            assert got == whole[:at]


def test_a_reset_is_a_reset(server: ModelServer) -> None:
    with dial(server) as peer:
        peer.sendall(f"GET {urlsplit(server.script(OK.cut(0, 'reset'))).path}/ HTTP/1.1\r\n\r\n".encode())
        with pytest.raises(ConnectionResetError):
            peer.recv(1)


def test_pieces_come_one_by_one_with_a_pause_between(server: ModelServer) -> None:
    begun = time.monotonic()
    assert post(server.script(Reply.text("abcdef").in_pieces(20, 0.02)))[1] == b"abcdef"
    assert time.monotonic() - begun > 0.04


@pytest.mark.parametrize("reply", [Reply.raw(b"", "hang"), Reply.text("x").endless(5)])
def test_how_and_when_a_peer_left_is_noted(server: ModelServer, reply: Reply) -> None:
    with dial(server) as peer:
        peer.sendall(f"GET {urlsplit(server.script(reply)).path}/ HTTP/1.1\r\n\r\n".encode())
        assert server.wait(lambda: bool(server.requests()))
        assert [p.left for p in server.peers] == ["open"]
        if reply.ending == "keep":
            peer.recv(65536)  # what is left unread when a socket closes makes it a reset
    gone = time.monotonic()
    assert server.wait(lambda: server.open_peers() == 0, 1)
    assert [p.left for p in server.peers] == ["closed"]
    assert (server.peers[0].left_at or 0) - gone < 0.2


def test_closing_the_server_ends_every_connection_and_thread() -> None:
    with ModelServer() as server:
        url = server.script(Reply.raw(b"", "hang"))
        peer = dial(server)
        peer.sendall(f"GET {urlsplit(url).path}/ HTTP/1.1\r\n\r\n".encode())
        assert server.wait(lambda: bool(server.requests()))
        begun = time.monotonic()
    assert time.monotonic() - begun < 1
    assert [p.left for p in server.peers] == ["dismissed"]
    assert peer.recv(1) == b""
    peer.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((urlsplit(url).hostname, urlsplit(url).port), timeout=1)
