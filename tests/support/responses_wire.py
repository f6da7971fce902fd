"""What OpenAI's responses API sends, whole and as the events of a stream, for tests."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from graphbit_core import FinishReason

USAGE: dict[str, Any] = {
    "input_tokens": 11,
    "input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 0},
    "output_tokens": 7,
    "output_tokens_details": {"reasoning_tokens": 2},
    "total_tokens": 18,
}


def message(*texts: str, place: int = 1, refusal: str = "") -> dict[str, Any]:
    """A message item; ``place`` makes its id."""
    content: list[dict[str, Any]] = [
        {"type": "output_text", "text": text, "annotations": [], "logprobs": []} for text in texts
    ]
    if refusal:
        content.append({"type": "refusal", "refusal": refusal})
    head = {"id": f"msg_{place}", "type": "message", "role": "assistant", "status": "completed"}
    return {**head, "content": content}


def reasoning(*summaries: str, id: str = "rs_1", secret: str | None = "gAAA") -> dict[str, Any]:  # noqa: A002
    """A reasoning item with its summary, and the thoughts in encrypted form."""
    item: dict[str, Any] = {"id": id, "type": "reasoning", "encrypted_content": secret}
    return {**item, "summary": [{"type": "summary_text", "text": text} for text in summaries]}


def call(id: str, name: str, arguments: str) -> dict[str, Any]:  # noqa: A002 - the field's name
    """A function_call item."""
    item = {"id": f"fc_{id}", "type": "function_call", "status": "completed"}
    return {**item, "call_id": id, "name": name, "arguments": arguments}


def cut(reason: str) -> dict[str, Any]:
    """A response that was cut off for ``reason``."""
    about = {"status": "incomplete", "incomplete_details": {"reason": reason}}
    return response(message("x"), **about)


def response(*output: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A whole response."""
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1780000000.0,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": "scripted-1",
        "output": list(output),
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": USAGE,
        **fields,
    }


def events(whole: dict[str, Any], piece: int = 8) -> list[dict[str, Any]]:
    """The events of the same response streamed, its texts ``piece`` characters at a time."""
    begun = {**whole, "status": "in_progress", "output": [], "incomplete_details": None}
    begun.pop("usage", None)
    found: list[dict[str, Any]] = [{"type": "response.created", "response": begun}]
    for place, item in enumerate(whole["output"]):
        for event in _of_item(item, piece):
            found.append({"output_index": place, **event})
    found.append({"type": f"response.{whole['status']}", "response": whole})
    return [{**event, "sequence_number": number} for number, event in enumerate(found)]


def sse(found: Sequence[dict[str, Any]]) -> str:
    """The events as they travel, each with its name."""
    return "".join(
        f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n" for event in found
    )


def _of_item(item: dict[str, Any], piece: int) -> Iterator[dict[str, Any]]:
    empty: dict[str, Any] = {"status": "in_progress"}
    if item["type"] == "message":
        empty["content"] = []
    elif item["type"] == "function_call":
        empty["arguments"] = ""
    elif item["type"] == "reasoning":
        empty |= {"summary": [], "encrypted_content": "gA", "content": None}
    yield {"type": "response.output_item.added", "item": {**item, **empty}}
    if item["type"] == "message":
        yield from _of_parts(item, piece)
    elif item["type"] == "reasoning":
        yield from _of_summaries(item, piece)
        yield from _of_thoughts(item, piece)
    elif item["type"] == "function_call":
        about = {"item_id": item["id"]}
        for text in _cut(item["arguments"], piece):
            yield {"type": "response.function_call_arguments.delta", **about, "delta": text}
        done = {"name": item["name"], "arguments": item["arguments"]}
        yield {"type": "response.function_call_arguments.done", **about, **done}
    yield {"type": "response.output_item.done", "item": item}


def _of_parts(item: dict[str, Any], piece: int) -> Iterator[dict[str, Any]]:
    for index, part in enumerate(item["content"]):
        about = {"item_id": item["id"], "content_index": index}
        field = "refusal" if part["type"] == "refusal" else "text"
        kind = "refusal" if part["type"] == "refusal" else "output_text"
        logprobs: dict[str, Any] = {} if kind == "refusal" else {"logprobs": []}
        yield {"type": "response.content_part.added", **about, "part": {**part, field: ""}}
        for text in _cut(part[field], piece):
            padding = {"obfuscation": "x7Hq"}
            yield {"type": f"response.{kind}.delta", **about, "delta": text, **logprobs, **padding}
        yield {"type": f"response.{kind}.done", **about, field: part[field], **logprobs}
        yield {"type": "response.content_part.done", **about, "part": part}


def _of_summaries(item: dict[str, Any], piece: int) -> Iterator[dict[str, Any]]:
    for index, part in enumerate(item["summary"]):
        about = {"item_id": item["id"], "summary_index": index}
        name = "response.reasoning_summary"
        yield {"type": f"{name}_part.added", **about, "part": {**part, "text": ""}}
        for text in _cut(part["text"], piece):
            yield {"type": f"{name}_text.delta", **about, "delta": text}
        yield {"type": f"{name}_text.done", **about, "text": part["text"]}
        yield {"type": f"{name}_part.done", **about, "part": part}


def _of_thoughts(item: dict[str, Any], piece: int) -> Iterator[dict[str, Any]]:
    for index, part in enumerate(item.get("content") or ()):
        about = {"item_id": item["id"], "content_index": index}
        for text in _cut(part["text"], piece):
            yield {"type": "response.reasoning_text.delta", **about, "delta": text}
        yield {"type": "response.reasoning_text.done", **about, "text": part["text"]}


def _cut(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


ENDINGS: dict[FinishReason, Any] = {
    "length": cut("max_output_tokens"),
    "content_filter": cut("content_filter"),
    "other": cut("something new"),
    "refusal": response(message(refusal="No.")),
}
"""Whole replies by the reason they end for."""
