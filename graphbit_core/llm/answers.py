"""Answers as JSON text and back."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import fields
from typing import Any

from graphbit_core.errors import DecodeError
from graphbit_core.types.messages import (
    AudioPart,
    ChatResponse,
    FilePart,
    ImagePart,
    Message,
    PassagePart,
    ReasoningPart,
    TextPart,
    ToolCall,
    Usage,
)

_PARTS = {
    kind.__name__: kind for kind in (TextPart, PassagePart, ImagePart, AudioPart, FilePart, ReasoningPart)
}


def write_answer(answer: ChatResponse) -> str:
    """The answer without ``raw`` and ``usage``."""
    message = answer.message
    content: Any = message.content
    if not isinstance(content, str):
        content = [{"part": type(part).__name__, **_fields(part)} for part in content]
    found = {
        "content": content,
        "tool_calls": [_fields(call) for call in message.tool_calls],
        "finish_reason": answer.finish_reason,
        "model": answer.model,
        "id": answer.id,
    }
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))


def read_answer(text: str) -> ChatResponse:
    """An answer that costs nothing and says that it is ``cached``.

    Raises:
        DecodeError: The text is not what ``write_answer`` writes.
    """
    try:
        found = json.loads(text)
        content = found["content"]
        if not isinstance(content, str):
            content = [_PARTS[part.pop("part")](**_bytes(part)) for part in content]
        calls = [ToolCall(**call) for call in found["tool_calls"]]
        message = Message("assistant", content, tool_calls=calls)
        return ChatResponse(
            message, found["finish_reason"], Usage(), str(found["model"]), str(found["id"]), cached=True
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DecodeError(f"a stored answer cannot be read: {type(error).__name__}: {error}") from error


def _fields(value: Any) -> dict[str, Any]:
    found = {field.name: getattr(value, field.name) for field in fields(value)}
    return {
        name: {"base64": b64encode(one).decode()} if isinstance(one, bytes) else one
        for name, one in found.items()
    }


def _bytes(part: dict[str, Any]) -> dict[str, Any]:
    return {
        name: b64decode(one["base64"], validate=True) if isinstance(one, dict) else one
        for name, one in part.items()
    }
