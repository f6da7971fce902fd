"""A conversation as input items of the responses API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphbit_core import (
    FilePart,
    ImagePart,
    Message,
    PassagePart,
    ReasoningPart,
    TextPart,
    ToolCall,
    ValidationError,
)
from graphbit_core.wire import call_id, split_system
from graphbit_openai.parts import file_fields, image_url

SUMMARY = "openai-responses"
"""Origin of reasoning that the API gives as a summary, with the thoughts themselves in encrypted form."""
THOUGHTS = "openai-responses:text"
"""Origin of reasoning that a server with an open model gives word by word."""

Item = dict[str, Any]


def write_items(messages: Sequence[Message], *, stored: bool) -> tuple[str | None, list[Item]]:
    """The instructions, which the system messages at the beginning are, and the items.

    Later system messages become items of the developer. ``stored`` says whether the server remembers the
    reasoning whose id it is told.
    """
    system, rest = split_system(messages)
    if not rest:  # the API wants something to answer
        system, rest = (), system
    instructions = "\n\n".join(_text(message) for message in system)
    items: list[Item] = []
    for message in rest:
        if message.role == "assistant":
            items += _said(message, stored)
        elif message.role == "tool":
            items.append(_result(message))
        elif message.role == "system":
            items.append({"role": "developer", "content": _text(message)})
        else:
            items.append({"role": "user", "content": _content(message)})
    return instructions or None, items


def _said(message: Message, stored: bool) -> list[Item]:
    """What the model gave, in its order: a reasoning item belongs to the item that follows it."""
    items: list[Item] = []
    for part in message.in_order():
        if isinstance(part, ToolCall):
            items.append(_call(part))
        elif isinstance(part, ReasoningPart):
            _add_reasoning(items, part, stored)
        elif text := _text_of(part, "assistant"):
            _add_text(items, text, part.phase if isinstance(part, TextPart) else "")
    while items and items[-1].get("type") == "reasoning":
        items.pop()  # the API refuses one that nothing follows: the answer was cut off there
    return items


def _add_reasoning(items: list[Item], part: ReasoningPart, stored: bool) -> None:
    """Adds the part to the item of its id, or begins that item; what the API could not read is left out."""
    readable = part.signature is not None or stored if part.origin == SUMMARY else part.origin == THOUGHTS
    if not readable:
        return
    known = {"id": part.id, "encrypted_content": part.signature}
    about = {name: value for name, value in known.items() if value is not None}
    if not (about and items and about.items() <= items[-1].items()):
        items.append({"type": "reasoning", "summary": [], **about})
    if part.text and part.origin == SUMMARY:
        items[-1]["summary"].append({"type": "summary_text", "text": part.text})
    elif part.text:
        items[-1].setdefault("content", []).append({"type": "reasoning_text", "text": part.text})


def _add_text(items: list[Item], text: str, phase: str) -> None:
    """Adds to the text of the same phase before it. OpenAI needs no type there, but llama.cpp does."""
    about = {"phase": phase} if phase else {}
    if items and items[-1].get("role") == "assistant" and items[-1].get("phase", "") == phase:
        items[-1]["content"] += text
    else:
        items.append({"type": "message", "role": "assistant", **about, "content": text})


def _call(call: ToolCall) -> Item:
    return {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments}


def _result(message: Message) -> Item:
    return {"type": "function_call_output", "call_id": call_id(message), "output": _content(message)}


def _content(message: Message) -> str | list[Item]:
    """Text alone as a string, all else as a list of parts."""
    if isinstance(message.content, str):
        return message.content
    sent = [written for part in message.content if (written := _part(part, message.role)) is not None]
    if len(sent) == 1 and sent[0]["type"] == "input_text":
        return str(sent[0]["text"])
    return sent


def _part(part: Any, role: str) -> Item | None:
    """One part of a user's message or of a tool's result; None for reasoning, which is neither's."""
    if isinstance(part, ImagePart):
        return {"type": "input_image", "detail": "auto", "image_url": image_url(part)}
    if isinstance(part, FilePart):
        return {"type": "input_file", **file_fields(part)}
    text = _text_of(part, role)
    return None if text is None else {"type": "input_text", "text": text}


def _text(message: Message) -> str:
    """The content of a message that can only be text."""
    return "".join(_text_of(part, message.role) or "" for part in message.parts)


def _text_of(part: Any, role: str) -> str | None:
    """The text of a part; None for reasoning. Raises ValidationError for what has no place there."""
    if isinstance(part, TextPart):
        return part.text
    if isinstance(part, PassagePart):
        return part.as_text()
    if isinstance(part, ReasoningPart):
        return None
    raise ValidationError(
        f"the responses API takes no {type(part).__name__} in a {role} message", field="messages"
    )
