"""A message of the API as our response. Blocks and fields it does not know are skipped; ``raw`` has them."""

from __future__ import annotations

from typing import Any

from graphbit_anthropic.errors import error_in_body
from graphbit_anthropic.parts import ORIGIN
from graphbit_core import (
    ChatResponse,
    FinishReason,
    HttpResponse,
    Message,
    ReasoningPart,
    TextPart,
    ToolCall,
    Usage,
)
from graphbit_core.wire import bad_shape, compact_json, count, required_text

_FINISH: dict[Any, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refusal",
}


def read_reply(response: HttpResponse) -> ChatResponse:
    """A 2xx reply. Raises ProviderError if its body is an error, DecodeError if it is no message."""
    body = response.json()
    if not isinstance(body, dict):
        bad_shape("is not an object", body, response.status)
    if body.get("type") == "error" or body.get("error"):
        raise error_in_body(body, response.status)
    return read_message(body, response.status)


def read_message(body: dict[str, Any], status: int | None = None) -> ChatResponse:
    """A whole message, or what a stream was put together to."""
    content = body.get("content")
    if not isinstance(content, list) or not all(isinstance(block, dict) for block in content):
        bad_shape("has no list of blocks under content", body, status)
    reason = body.get("stop_reason")
    if not isinstance(reason, str):
        bad_shape("has no stop_reason", body, status)
    return ChatResponse(
        message=_message(content),
        finish_reason=_FINISH.get(reason, "other"),
        usage=read_usage(body.get("usage")),
        model=str(body.get("model") or ""),
        id=str(body.get("id") or ""),
        raw=body,
    )


def read_usage(usage: Any) -> Usage:
    """Tokens; the API's own input_tokens leaves out those read from the cache and written to it."""
    if not isinstance(usage, dict):
        return Usage()
    cached = count(usage, "cache_read_input_tokens")
    written = count(usage, "cache_creation_input_tokens")
    return Usage(
        input_tokens=count(usage, "input_tokens") + cached + written,
        output_tokens=count(usage, "output_tokens"),
        cached_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=count(usage.get("output_tokens_details"), "thinking_tokens"),
    )


def arguments_of(block: dict[str, Any]) -> str:
    """What a tool is called with, as JSON text. A stream leaves it as the model wrote it."""
    written = block.get("input")
    if isinstance(written, str):
        return written
    return compact_json({} if written is None else written)


def _message(blocks: list[dict[str, Any]]) -> Message:
    parts: list[TextPart | ReasoningPart] = []
    calls: list[ToolCall] = []
    for block in blocks:
        kind = block.get("type")
        if kind == "text":
            if text := required_text(block, "text"):
                parts.append(TextPart(text, calls_before=len(calls)))
        elif kind == "tool_use":
            name = required_text(block, "name")
            calls.append(ToolCall(required_text(block, "id"), name, arguments_of(block)))
        elif kind == "thinking":
            signature = required_text(block, "signature") if block.get("signature") else None
            thought = required_text(block, "thinking")
            parts.append(ReasoningPart(thought, signature, ORIGIN, calls_before=len(calls)))
        elif kind == "redacted_thinking":
            data = required_text(block, "data")
            parts.append(ReasoningPart("", data, ORIGIN, hidden=True, calls_before=len(calls)))
    if all(isinstance(part, TextPart) and part == TextPart(part.text) for part in parts):
        return Message("assistant", "".join(part.text for part in parts), tool_calls=tuple(calls))
    return Message("assistant", tuple(parts), tool_calls=tuple(calls))
