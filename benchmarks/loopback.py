"""A model server that costs next to nothing: one canned reply, or one canned stream. Its own process.

Prints its port. ``POST …/chat/completions`` answers at once; with ``"stream":true`` in the body it sends
``CHUNKS`` chunks in one write each. Below ``/held`` it answers when somebody asks for ``/release``, and
below ``/paced`` a stream's chunks come ``PACE`` seconds apart, each with the time at which it was sent.
"""

from __future__ import annotations

import asyncio
import json
import resource
import time

CHUNKS = 500
PACE, PACED_CHUNKS = 0.005, 100
_MESSAGE = {"role": "assistant", "content": "Hello there, this is a canned answer."}
_USAGE = {"prompt_tokens": 10, "completion_tokens": 8, "total_tokens": 18}
REPLY = json.dumps(
    {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": _MESSAGE, "finish_reason": "stop"}],
        "usage": _USAGE,
    }
).encode()


def _chunk(delta: dict, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    data = b"data: " + json.dumps(body).encode() + b"\n\n"
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
_WHOLE = _HEAD % len(REPLY) + REPLY
_STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_PIECES = [_chunk({"content": f"word{i} "}) for i in range(CHUNKS)]
_TAIL = _chunk({}, "stop") + b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"
_held: list[Connection] = []


class Connection(asyncio.Protocol):
    """One connection; requests come one after another."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        self.buffer += data
        head, end, rest = self.buffer.partition(b"\r\n\r\n")
        if not end:
            return
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        if len(rest) < int(length or 0):
            return
        self.buffer = b""
        self.answer(head.split(b" ", 2)[1], b'"stream":true' in rest.replace(b" ", b""))

    def answer(self, path: bytes, stream: bool) -> None:
        """Answers one request."""
        if path == b"/held":
            self.transport.write(_HEAD % len(b"%d" % len(_held)) + b"%d" % len(_held))
        elif path == b"/release":
            for connection in _held:
                connection.transport.write(_WHOLE)
            _held.clear()
            self.transport.write(_HEAD % 1 + b"0")
        elif path.startswith(b"/held/"):
            _held.append(self)
        elif not stream:
            self.transport.write(_WHOLE)
        elif path.startswith(b"/paced/"):
            self.paced(0)
        else:
            self.transport.write(_STREAM_HEAD)
            for piece in _PIECES:
                self.transport.write(piece)
            self.transport.write(_TAIL)

    def paced(self, number: int) -> None:
        """Sends chunk ``number`` of a paced stream, and sees to the next."""
        if number == 0:
            self.transport.write(_STREAM_HEAD)
        if number == PACED_CHUNKS:
            self.transport.write(_TAIL)
            return
        self.transport.write(_chunk({"content": f"{time.monotonic():.6f} "}))
        asyncio.get_running_loop().call_later(PACE, self.paced, number + 1)


async def main() -> None:
    """Serves until it is killed."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
