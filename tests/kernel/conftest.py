"""A server on the loopback whose path says what it does."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: LoopbackServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        kind, _, detail = self.path[1:].partition("/")
        getattr(self, f"_{kind}")(detail, body)

    def _echo(self, detail: str, body: bytes) -> None:
        self._reply(200, body)

    def _status(self, detail: str, body: bytes) -> None:
        self._reply(int(detail), b"")

    def _hang(self, detail: str, body: bytes) -> None:
        self.server.waiting.release()
        self.connection.settimeout(10)
        self.rfile.read(1)
        self.server.closed_at.append(time.monotonic())
        self.server.left.release()
        self.close_connection = True

    def _stream(self, detail: str, body: bytes) -> None:
        """Sends the body in pieces of ``detail`` bytes."""
        self.send_response(200)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        size = int(detail)
        for piece in (body[at : at + size] for at in range(0, len(body), size)):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def _cut(self, detail: str, body: bytes) -> None:
        """Sends the body as the beginning of a stream that never ends."""
        self.send_response(200)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(body), body))
        self.close_connection = True

    def _reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Says nothing."""


class LoopbackServer(ThreadingHTTPServer):
    """``waiting`` and ``left`` count requests for /hang that arrived and whose client has gone."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.waiting = threading.Semaphore(0)
        self.left = threading.Semaphore(0)
        self.closed_at: list[float] = []


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    server = LoopbackServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
