"""What Ollama sends, for tests: whole replies, and the lines of the same streamed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

AT = "2026-11-21T12:00:00.000000001Z"
COUNTS = {
    "total_duration": 500_000_000,
    "load_duration": 1_000_000,
    "prompt_eval_count": 11,
    "prompt_eval_duration": 2_000_000,
    "eval_count": 7,
    "eval_duration": 3_000_000,
}


def call(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A call of a tool; there is no id."""
    return {"function": {"name": name, "arguments": dict(arguments)}}


def reply(
    text: str = "", *, thinking: str = "", calls: Sequence[Mapping[str, Any]] = (), reason: str = "stop"
) -> dict[str, Any]:
    """A whole reply."""
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if thinking:
        message["thinking"] = thinking
    if calls:
        message["tool_calls"] = list(calls)
    return {
        "model": "scripted:1b",
        "created_at": AT,
        "message": message,
        "done": True,
        "done_reason": reason,
        **COUNTS,
    }


def lines(body: Mapping[str, Any], piece: int = 4) -> list[dict[str, Any]]:
    """``body`` streamed, its texts ``piece`` characters at a time, each call in a line of its own."""
    message = body["message"]
    thinking, text = message.get("thinking", ""), message["content"]
    said: list[dict[str, Any]] = [
        *({"content": "", "thinking": thinking[at : at + piece]} for at in range(0, len(thinking), piece)),
        *({"content": text[at : at + piece]} for at in range(0, len(text), piece)),
        *({"content": "", "tool_calls": [one]} for one in message.get("tool_calls", ())),
    ]
    head = {"model": body["model"], "created_at": body["created_at"]}
    told = [{**head, "message": {"role": "assistant", **part}, "done": False} for part in said]
    return [*told, {**body, "message": {"role": "assistant", "content": ""}}]


def ndjson(told: Sequence[Mapping[str, Any]]) -> str:
    """One line each."""
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in told)


def streamed(body: Mapping[str, Any]) -> str:
    """``body`` as a stream."""
    return ndjson(lines(body))
