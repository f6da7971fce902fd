"""A web server on the loopback that does what a test says for each path, and a node that calls it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from graphbit_core import Executor, Host, Node, NodeError, Workflow
from graphbit_core.nodes.http_request import HttpRequestNode
from graphbit_core.nodes.transform import TransformNode

HERE = ("127.0.0.0/8",)


@dataclass
class Answer:
    """What a path answers: whole, or with ``hang`` never."""

    status: int = 200
    body: bytes | str = b""
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False


@dataclass
class Seen:
    """One request, header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: WebServer

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Seen(self.command, self.path, headers, body)
        self.server.seen.append(seen)
        answer = self.server.routes.get(self.path.partition("?")[0], self.server.echo)
        if callable(answer):
            answer = answer(seen)
        self._send(answer)

    def _send(self, answer: Answer) -> None:
        if answer.hang:
            self.server.waiting.set()
            self.connection.settimeout(10)
            self.rfile.read(1)
            self.server.left_at = time.monotonic()
            self.server.left.set()
            self.close_connection = True
            return
        body = answer.body.encode() if isinstance(answer.body, str) else answer.body
        self.send_response(answer.status)
        for name, value in {"content-length": str(len(body)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_OPTIONS = do_PUT = do_DELETE = do_POST = do_PATCH = _any  # noqa: N815

    def log_message(self, *args: object) -> None:
        """Says nothing."""


class WebServer(ThreadingHTTPServer):
    """``routes`` maps a path to an Answer, or to a function of what was Seen; other paths echo as JSON."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.routes: dict[str, Answer | Callable[[Seen], Answer]] = {}
        self.seen: list[Seen] = []
        self.waiting, self.left = threading.Event(), threading.Event()
        self.left_at = 0.0

    @staticmethod
    def echo(seen: Seen) -> Answer:
        told = {
            "method": seen.method,
            "path": seen.path,
            "headers": seen.headers,
            "body": seen.body.decode("utf-8", "replace"),
        }
        return Answer(200, json.dumps(told), {"content-type": "application/json"})

    def redirect(self, path: str, target: str, status: int = 302) -> None:
        self.routes[path] = Answer(status, b"", {"location": target})


def _serving() -> Iterator[WebServer]:
    server = WebServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


web = pytest.fixture(_serving)
other_web = pytest.fixture(_serving)


class Caller:
    """Runs one http_request node."""

    host = Host.isolated(
        {("node_type", "http_request"): HttpRequestNode, ("node_type", "transform"): TransformNode}
    )

    def executor(self) -> Executor:
        return Executor(host=self.host, timeout_seconds=20)

    def workflow(self, url: str, **settings: Any) -> Workflow:
        return Workflow("w").chain(Node.http_request("call", url, **{"allow_hosts": HERE, **settings}))

    def __call__(self, url: str, inputs: dict[str, Any] | None = None, **settings: Any) -> Any:
        """The node's output."""
        result = self.executor().execute(self.workflow(url, **settings), inputs)
        return result.raise_for_failure().get_node_output("call")

    def error(self, url: str, inputs: dict[str, Any] | None = None, **settings: Any) -> Any:
        """What the node failed with."""
        result = self.executor().execute(self.workflow(url, **settings), inputs)
        assert result.state == "failed"
        assert isinstance(result.error, NodeError)
        return result.error.__cause__


@pytest.fixture
def call() -> Caller:
    return Caller()
