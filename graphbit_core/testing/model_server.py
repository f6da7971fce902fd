"""A model server that does what its script says, byte by byte, and notes how each peer left.

    with ModelServer() as server:
        url = server.script(Reply.json({}, 429, {"retry-after": "1"}), Reply.json(chat_body("Hello")))
        LlmClient("openai", base_url=url, api_key="any")

A script has a name of its own in the path of its URL, so that scripts do not disturb each other. Its
replies are given in order; the last one repeats. Loopback only, threads only, no HTTP library, so that
it can send what no HTTP library would.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from types import TracebackType
from typing import Any, Literal, Self

from graphbit_core.testing.replies import Reply, chat_body, chat_events, sse

Left = Literal["open", "closed", "reset", "dismissed"]
"""How a peer left; ``dismissed`` where the script or the server closed first."""


@dataclass(frozen=True, slots=True)
class Received:
    """One request, as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(slots=True)
class Peer:
    """One connection: what it sent, and how and when (``time.monotonic``) it left."""

    socket: socket.socket = field(repr=False)
    requests: list[Received] = field(default_factory=list)
    left: Left = "open"
    left_at: float | None = None


Step = Reply | Callable[[Received], Reply]
"""A reply, or what makes one from the request."""


def echo_chat(request: Received) -> Reply:
    """A chat completion saying "Hello", streamed if the request asks for it."""
    asked = request.json() if request.body else {}
    if asked.get("stream"):
        return Reply.stream(sse(chat_events()))
    return Reply.json(chat_body())


class ModelServer:
    """The server; use it in a ``with`` statement. Requests without a script get ``default``."""

    def __init__(self, default: Step = echo_chat) -> None:
        self.peers: list[Peer] = []
        self._scripts: dict[str, Sequence[Step]] = {"": (default,)}
        self._served: dict[str, int] = {}
        self._names = count(1)
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._closing = False

    @property
    def url(self) -> str:
        """Where requests without a script go; no slash at the end."""
        host, port = self._listener.getsockname()
        return f"http://{host}:{port}"

    def script(self, *steps: Step) -> str:
        """The base URL under which ``steps`` are played in order; the last one repeats."""
        if not steps:
            raise ValueError("a script needs at least one reply")
        name = f"script-{next(self._names)}"
        self._scripts[name] = steps
        return f"{self.url}/{name}"

    def requests(self, url: str | None = None) -> list[Received]:
        """Requests in order of arrival: all, or those under the ``url`` that ``script`` returned."""
        with self._changed:
            found = [request for peer in self.peers for request in peer.requests]
        if url is not None:
            prefix = url.removeprefix(self.url) + "/"
            found = [request for request in found if request.path.startswith(prefix)]
        return sorted(found, key=lambda request: request.at)

    def wait(self, holds: Callable[[], bool], timeout: float = 5.0) -> bool:
        """Waits until ``holds()``, looked at whenever a request arrives or a peer leaves."""
        with self._changed:
            return self._changed.wait_for(holds, timeout)

    def open_peers(self) -> int:
        """Connections that are still open, idle ones included."""
        return sum(peer.left == "open" for peer in self.peers)

    def __enter__(self) -> Self:
        self._spawn(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the port and every connection, and waits for the threads."""
        self._closing = True
        _wake(self._listener)
        with self._changed:
            peers = list(self.peers)
        for peer in peers:
            _wake(peer.socket)
        for thread in self._threads:
            thread.join(timeout=5)
        self._listener.close()

    # --- one thread per connection ---

    def _spawn(self, target: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True, name="model-server")
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closing:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer = Peer(connection)
            with self._changed:
                self.peers.append(peer)
                self._changed.notify_all()
            if self._closing:
                _wake(connection)
            self._spawn(self._serve, peer)

    def _serve(self, peer: Peer) -> None:
        left: Left
        try:
            left = self._converse(peer)
        except _PeerClosedError:
            left = "closed"
        except ConnectionError:
            left = "reset"
        except OSError:
            left = "dismissed"
        with self._changed:
            peer.left, peer.left_at = ("dismissed" if self._closing else left), time.monotonic()
            self._changed.notify_all()
        peer.socket.close()

    def _converse(self, peer: Peer) -> Left:
        buffer = bytearray()
        while (request := _receive(peer.socket, buffer)) is not None:
            with self._changed:
                peer.requests.append(request)
                self._changed.notify_all()
            reply = self._reply(request)
            if request.method == "HEAD":
                reply = replace(reply, body=b"")
            _send(peer.socket, reply)
            if reply.ending == "hang":
                while peer.socket.recv(65536):
                    pass
                return "closed"
            if reply.ending == "reset":
                peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if reply.ending != "keep":
                return "dismissed"
        return "closed"

    def _reply(self, request: Received) -> Reply:
        name = request.path.split("/")[1]
        with self._changed:
            steps = self._scripts.get(name) or self._scripts[""]
            turn = self._served[name] = self._served.get(name, -1) + 1
        step = steps[min(turn, len(steps) - 1)]
        return step if isinstance(step, Reply) else step(request)


class _PeerClosedError(Exception):
    """The peer closed while a reply was being sent."""


def _wake(sock: socket.socket) -> None:
    """Ends what a thread waits for on the socket; closing alone would leave it waiting."""
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _receive(sock: socket.socket, buffer: bytearray) -> Received | None:
    """The next request; None when the peer has left instead."""
    while (end := buffer.find(b"\r\n\r\n")) < 0:
        if not (data := sock.recv(65536)):
            return None
        buffer += data
    first, *lines = buffer[:end].decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    del buffer[: end + 4]
    length = int(headers.get("content-length", "0"))
    while len(buffer) < length:
        if not (data := sock.recv(65536)):
            return None
        buffer += data
    body = bytes(buffer[:length])
    del buffer[:length]
    return Received(method, path, headers, body, time.monotonic())


def _send(sock: socket.socket, reply: Reply) -> None:
    """Sends what the reply says, and stops where it says so."""
    left = reply.stop
    for number in range(reply.repeat):
        data = reply.head + reply.body if number == 0 else reply.body
        if left is not None:
            data, left = data[:left], left - len(data[:left])
        size = reply.piece or len(data) or 1
        for start in range(0, len(data), size):
            if start and reply.pause:
                _pause(sock, reply.pause)
            sock.sendall(data[start : start + size])
        if left == 0:
            return
        if number + 1 < reply.repeat and reply.pause:
            _pause(sock, reply.pause)


def _pause(sock: socket.socket, seconds: float) -> None:
    """Waits; a peer that leaves meanwhile ends it at once."""
    sock.settimeout(seconds)
    try:
        if not sock.recv(1, socket.MSG_PEEK):
            raise _PeerClosedError
    except TimeoutError:
        return
    finally:
        sock.settimeout(None)
