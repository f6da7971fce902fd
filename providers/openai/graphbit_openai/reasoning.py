"""What a model thought, as servers write it beside or inside the content of a message."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from graphbit_core import Message, ReasoningPart, TextPart, ValidationError
from graphbit_core.wire import bad_shape, compact_json, optional_list, optional_text
from graphbit_openai.quirks import Replay

_GROWING = ("text", "summary", "data")
"""Fields of a reasoning detail that a stream sends in pieces."""


def read_thought(holder: dict[str, Any]) -> str:
    """The reasoning text of a message or delta, whichever of its names the server uses."""
    for name in ("reasoning_content", "reasoning"):
        text = holder.get(name)
        if text and isinstance(text, str):
            return text
    if not holder.get("reasoning_details"):
        return ""
    details = (detail for detail in optional_list(holder, "reasoning_details") if isinstance(detail, dict))
    return "".join(optional_text(detail, "text") or optional_text(detail, "summary") for detail in details)


def read_chunks(content: list[Any]) -> tuple[str, str]:
    """Text and reasoning of content that is a list of chunks; chunks of other kinds stay in ``raw``."""
    text, thought = read_texts(content), []
    for chunk in content:
        if chunk.get("type") == "thinking":
            inner = chunk.get("thinking")
            thought.append(inner if isinstance(inner, str) else read_texts(optional_list(chunk, "thinking")))
    return text, "".join(thought)


def read_texts(chunks: list[Any]) -> str:
    """The text of the chunks of type ``text``."""
    if not all(isinstance(chunk, dict) for chunk in chunks):
        bad_shape("has a chunk of content that is not an object", chunks)
    return "".join(optional_text(chunk, "text") for chunk in chunks if chunk.get("type") == "text")


def add_details(known: list[dict[str, Any]], pieces: list[Any]) -> None:
    """Adds the ``reasoning_details`` of a delta to those that came before it."""
    for piece in pieces:
        if not isinstance(piece, dict):
            bad_shape("has a reasoning detail that is not an object", piece)
        last = known[-1] if known else None
        if last is None or any(last.get(name) != piece.get(name) for name in ("type", "index")):
            known.append(dict(piece))
            continue
        for name, value in piece.items():
            if name in _GROWING and isinstance(value, str) and isinstance(last.get(name), str):
                last[name] += value
            elif value is not None:
                last[name] = value


def content_of(
    thought: str, details: Sequence[dict[str, Any]], text: str, origin: str
) -> str | tuple[ReasoningPart | TextPart, ...]:
    """The content of a message: its text, after a reasoning part if there is reasoning."""
    if not thought and not details:
        return text
    signature = compact_json(details) if details else None
    part = ReasoningPart(thought, signature, origin, hidden=not thought)
    return (part, TextPart(text)) if text else (part,)


def replayed(message: Message, origin: str, replay: Replay) -> dict[str, Any]:
    """The fields of an assistant turn that give the server its own reasoning back."""
    parts = () if isinstance(message.content, str) else message.content
    own = [part for part in parts if isinstance(part, ReasoningPart) and part.origin == origin]
    thought = "".join(part.text for part in own)
    if replay == "details":
        details = [detail for part in own if part.signature for detail in _details(part.signature)]
        return {"reasoning_details": details} if details else {}
    if replay == "chunks":
        return {"content": _as_chunks(thought, message.text)} if thought else {}
    if not message.tool_calls or replay == "never":
        return {}
    if replay == "with_calls_always":
        thought = thought or " "
    return {"reasoning_content": thought} if thought else {}


def _details(signature: str) -> list[Any]:
    try:
        details = json.loads(signature)
    except ValueError:
        details = None
    if not isinstance(details, list):
        raise ValidationError(
            "the signature of a ReasoningPart is not the one it came with; pass messages on as they came",
            field="messages",
        )
    return details


def _as_chunks(thought: str, text: str) -> list[dict[str, Any]]:
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": thought}], "closed": True}
    return [thinking, {"type": "text", "text": text}] if text else [thinking]
