from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

import pytest

from graphbit_core import DeadlineError, TransportError
from graphbit_core.kernel.calls import BlockingCall, CallSpec, engine
from graphbit_core.kernel.warm import warm, warm_async
from graphbit_core.types.http import HttpRequest

REPLY = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"


class Host:
    """Answers 404 to everything and keeps connections open."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://user:secret@127.0.0.1:{self._listener.getsockname()[1]}/v1?key=secret"
        self.connections: list[socket.socket] = []
        self.requests: list[bytes] = []
        Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection = self._listener.accept()[0]
                self.connections.append(connection)
                Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):
            while request := connection.recv(65536):
                self.requests.append(request)
                connection.sendall(REPLY)

    def close(self) -> None:
        for one in (self._listener, *self.connections):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@contextmanager
def host() -> Iterator[Host]:
    running = Host()
    try:
        yield running
    finally:
        running.close()


def send(url: str) -> None:
    call = BlockingCall(CallSpec("warm-test", HttpRequest("GET", url)))
    try:
        [(kind, _)] = call.receive()
        assert kind == "reply"
        engine().ok(call.id, 0)
    finally:
        call.close()


@pytest.mark.parametrize("form", ["blocking", "async"])
def test_a_warmed_connection_serves_the_next_call(form: str) -> None:
    with host() as target:
        if form == "blocking":
            warm(target.url)
        else:
            asyncio.run(warm_async(target.url))
        send(target.url)
        assert len(target.connections) == 1
        assert target.requests[0].startswith(b"HEAD / HTTP")
        assert b"secret" not in target.requests[0] and b"authorization" not in target.requests[0].lower()


def test_a_host_that_is_not_there_is_a_transport_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    with pytest.raises(TransportError):
        warm(url)


def test_a_host_that_does_not_answer_is_a_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.monotonic()
        with pytest.raises(DeadlineError):
            warm(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2)
        assert time.monotonic() - begun < 2
