"""What Anthropic's messages API sends, for tests: whole messages, and the events of the same streamed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

USAGE = {
    "input_tokens": 11,
    "cache_read_input_tokens": 3,
    "cache_creation_input_tokens": 2,
    "output_tokens": 7,
    "output_tokens_details": {"thinking_tokens": 4},
}


def text(words: str) -> dict[str, Any]:
    """A block of text."""
    return {"type": "text", "text": words, "citations": None}


def thinking(words: str, signature: str) -> dict[str, Any]:
    """A thought."""
    return {"type": "thinking", "thinking": words, "signature": signature}


def redacted(data: str) -> dict[str, Any]:
    """A thought that nobody may read."""
    return {"type": "redacted_thinking", "data": data}


def tool_use(id: str, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:  # noqa: A002
    """A call of a tool."""
    return {
        "type": "tool_use",
        "id": id,
        "name": name,
        "input": dict(arguments),
        "caller": {"type": "direct"},
    }


def message(*blocks: Mapping[str, Any], stop: str = "end_turn") -> dict[str, Any]:
    """A whole message of ``blocks``."""
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-scripted-1",
        "content": list(blocks),
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": USAGE,
    }


def error(kind: str, words: str = "scripted", code: str | None = None) -> dict[str, Any]:
    """An error, as a body or as an event of a stream."""
    details = {"details": {"error_code": code}} if code else {}
    return {"type": "error", "error": {"type": kind, "message": words, **details}, "request_id": "req_1"}


def events(body: Mapping[str, Any], piece: int = 4) -> list[dict[str, Any]]:
    """``body`` streamed, its texts ``piece`` characters at a time."""
    began = {**body, "content": [], "stop_reason": None, "usage": {**USAGE, "output_tokens": 1}}
    blocks = [event for at, block in enumerate(body["content"]) for event in _block_events(at, block, piece)]
    stop = {"stop_reason": body["stop_reason"], "stop_sequence": None}
    return [
        {"type": "message_start", "message": began},
        {"type": "ping"},
        *blocks,
        {"type": "message_delta", "delta": stop, "usage": {"output_tokens": 7, "input_tokens": None}},
        {"type": "message_stop"},
    ]


def sse(told: Sequence[Mapping[str, Any]]) -> str:
    """Events as the API writes them, each with its name."""
    return "".join(
        f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n" for event in told
    )


def streamed(body: Mapping[str, Any]) -> str:
    """``body`` as a stream."""
    return sse(events(body))


_GROWING = {
    "text": ("text", "text_delta", "text"),
    "thinking": ("thinking", "thinking_delta", "thinking"),
    "tool_use": ("input", "input_json_delta", "partial_json"),
}
"""Kind of block → the field that grows, the delta that it grows by, and the name of the piece in it."""


def _block_events(index: int, block: Mapping[str, Any], piece: int) -> Iterator[dict[str, Any]]:
    grows, kind, name = _GROWING.get(block["type"], ("", "", ""))
    whole = block.get(grows, "")
    empty: Any = "" if isinstance(whole, str) else {}
    start = {**block, grows: empty} if grows else dict(block)
    if "signature" in start:
        start["signature"] = ""
    yield {"type": "content_block_start", "index": index, "content_block": start}
    written = (
        whole if isinstance(whole, str) else json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
    )
    if written == "{}":
        written = ""
    deltas = [{"type": kind, name: written[at : at + piece]} for at in range(0, len(written), piece)]
    if block["type"] == "tool_use":
        deltas.insert(0, {"type": kind, name: ""})
    if block.get("signature"):
        deltas.append({"type": "signature_delta", "signature": block["signature"]})
    yield from ({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas)
    yield {"type": "content_block_stop", "index": index}
