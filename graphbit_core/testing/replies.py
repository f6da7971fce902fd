"""What the scripted model server sends: whole replies, and every way of spoiling one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Literal

Ending = Literal["keep", "close", "reset", "hang"]


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP reply as bytes, and how it is sent.

    Attributes:
        head: Status line and headers, with the empty line after them.
        body: The bytes after the head.
        repeat: How often the body is sent.
        piece: Bytes per write; 0 writes all at once.
        pause: Seconds between two writes.
        stop: Nothing is sent from this byte on (counted from the start of the head).
        ending: What happens then: ``keep`` the connection for the next request, ``close`` it, ``reset``
            it, or ``hang`` until the peer leaves.
    """

    head: bytes
    body: bytes = b""
    repeat: int = 1
    piece: int = 0
    pause: float = 0.0
    stop: int | None = None
    ending: Ending = "keep"

    @staticmethod
    def text(
        body: str | bytes,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Reply:
        """A reply with a body of known length. A header given as ``content-length`` wins, right or wrong."""
        data = body.encode() if isinstance(body, str) else body
        fields = {"content-type": content_type, "content-length": str(len(data)), **(headers or {})}
        return Reply(_head(status, fields), data)

    @staticmethod
    def json(payload: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
        """``payload`` as JSON."""
        return Reply.text(json.dumps(payload, ensure_ascii=False), status, headers)

    @staticmethod
    def stream(
        body: str | bytes, content_type: str = "text/event-stream", *, chunked: bool = True, status: int = 200
    ) -> Reply:
        """A body of unknown length: chunked, or ended by closing the connection."""
        data = body.encode() if isinstance(body, str) else body
        if not chunked:
            head = _head(status, {"content-type": content_type, "connection": "close"})
            return Reply(head, data, ending="close")
        head = _head(status, {"content-type": content_type, "transfer-encoding": "chunked"})
        return Reply(head, _chunks(data) + b"0\r\n\r\n")

    @staticmethod
    def raw(data: bytes, ending: Ending = "close") -> Reply:
        """Exactly these bytes, HTTP or not."""
        return Reply(b"", data, ending=ending)

    def in_pieces(self, size: int = 1, pause: float = 0.0) -> Reply:
        """The same bytes in writes of ``size`` bytes, so that every character and frame is split."""
        return replace(self, piece=size, pause=pause)

    def cut(self, at: int, ending: Ending = "close") -> Reply:
        """Ends before byte ``at`` of the whole reply."""
        return replace(self, stop=at, ending=ending)

    def cut_body(self, at: int, ending: Ending = "close") -> Reply:
        """Ends before byte ``at`` of the body."""
        return self.cut(len(self.head) + at, ending)

    def endless(self, pause: float) -> Reply:
        """Sends the body again and again, ``pause`` seconds apart, until the peer leaves."""
        return replace(self, repeat=10**9, pause=pause)


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _chunks(data: bytes) -> bytes:
    frames = [frame + b"\n\n" for frame in data.split(b"\n\n")]
    frames[-1] = frames[-1][:-2]
    return b"".join(b"%x\r\n%s\r\n" % (len(frame), frame) for frame in frames if frame)


# --- canned replies in the dialect most APIs speak ------------------------------------------------


def sse(events: Sequence[Any]) -> str:
    """Server-sent events: objects as JSON, strings as they are."""
    return "".join(
        f"data: {event if isinstance(event, str) else json.dumps(event, ensure_ascii=False)}\n\n"
        for event in events
    )


def chat_body(
    text: str | None = "Hello", *, tool_calls: Sequence[Mapping[str, Any]] = (), finish: str = "stop"
) -> dict[str, Any]:
    """A whole chat completion as OpenAI writes it."""
    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
    if tool_calls:
        message["tool_calls"] = list(tool_calls)
        finish = "tool_calls" if finish == "stop" else finish
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1780000000,
        "model": "scripted-1",
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
        "usage": _USAGE,
    }


def chat_events(pieces: Sequence[str] = ("Hel", "lo"), *, finish: str = "stop") -> list[Any]:
    """A streamed chat completion as OpenAI writes it, with usage and ``[DONE]``."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}, *({"content": p} for p in pieces)]
    events: list[Any] = [chat_chunk(delta) for delta in deltas]
    events.append(chat_chunk({}, finish))
    events.append({**chat_chunk({}), "choices": [], "usage": _USAGE})
    events.append("[DONE]")
    return events


def tool_call(id: str, name: str, arguments: Any) -> dict[str, Any]:  # noqa: A002 - the field's name
    """A tool call as OpenAI writes it, for ``chat_body``; ``arguments`` as text, or as what becomes JSON."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return {"id": id, "type": "function", "function": {"name": name, "arguments": text}}


def tool_call_events(tool_calls: Sequence[Mapping[str, Any]], piece: int = 5) -> list[Any]:
    """A streamed answer that asks for tools, their arguments ``piece`` characters at a time."""
    events: list[Any] = [chat_chunk({"role": "assistant", "content": None})]
    for index, call in enumerate(tool_calls):
        function = call["function"]
        opening = {**call, "index": index, "function": {**function, "arguments": ""}}
        events.append(chat_chunk({"tool_calls": [opening]}))
        for start in range(0, len(function["arguments"]), piece):
            fragment = {"arguments": function["arguments"][start : start + piece]}
            events.append(chat_chunk({"tool_calls": [{"index": index, "function": fragment}]}))
    events.append(chat_chunk({}, "tool_calls"))
    events.append({**chat_chunk({}), "choices": [], "usage": _USAGE})
    return [*events, "[DONE]"]


def chat_chunk(delta: Mapping[str, Any], finish: str | None = None) -> dict[str, Any]:
    """One event of a streamed chat completion."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1780000000,
        "model": "scripted-1",
        "choices": [{"index": 0, "delta": dict(delta), "finish_reason": finish}],
    }


def embeddings_body(vectors: Sequence[Sequence[float]]) -> dict[str, Any]:
    """Embeddings as OpenAI writes them, in numbers."""
    rows = [{"object": "embedding", "index": at, "embedding": [*one]} for at, one in enumerate(vectors)]
    usage = {"prompt_tokens": 2, "total_tokens": 2}
    return {"object": "list", "data": rows, "model": "scripted-1", "usage": usage}


def error_body(
    message: str = "scripted error", *, kind: str = "error", code: str | None = None
) -> dict[str, Any]:
    """An error as OpenAI writes it."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


_USAGE = {
    "prompt_tokens": 11,
    "completion_tokens": 7,
    "total_tokens": 18,
    "prompt_tokens_details": {"cached_tokens": 3},
    "completion_tokens_details": {"reasoning_tokens": 2},
}
