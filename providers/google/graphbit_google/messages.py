"""Our messages as contents and a system instruction.

The places of signatures are those that ``answers`` reads them from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphbit_core import Message, PassagePart, ReasoningPart, TextPart, ToolCall, ValidationError
from graphbit_core.wire import arguments_object, split_system, tool_name
from graphbit_google.answers import ORIGIN
from graphbit_google.parts import write_part

_UNSIGNED = "skip_thought_signature_validator"
"""What the API wants on a call that another model, or none, made: models since 3 refuse a turn's first call
without a signature."""


def system_instruction(messages: Sequence[Message]) -> dict[str, Any] | None:
    """What the system messages say; they all stand before the conversation."""
    parts: list[dict[str, Any]] = []
    for message in split_system(messages)[0]:
        for part in _parts_of(message):
            if not isinstance(part, TextPart | PassagePart):
                raise ValidationError(
                    f"Gemini takes text only in a system message, no {type(part).__name__}", field="messages"
                )
            parts.append({"text": part.text if isinstance(part, TextPart) else part.as_text()})
    return {"parts": parts} if parts else None


def write_messages(messages: Sequence[Message], *, signed: bool) -> list[dict[str, Any]]:
    """The conversation. Results that follow each other become one turn.

    ``signed``: the model wants a signature on the first call of a turn.
    """
    contents: list[dict[str, Any]] = []
    names: dict[str, str] = {}
    before = ""
    for message in split_system(messages)[1]:
        if message.role == "system":
            raise ValidationError(
                "Gemini takes system messages only before the conversation; put this one first",
                field="messages",
            )
        if message.role == "assistant":
            names.update((call.id, call.name) for call in message.tool_calls)
            contents.append({"role": "model", "parts": _said(message, signed=signed)})
        elif message.role == "tool" and before == "tool":
            contents[-1]["parts"].append(_result(message, names))
        elif message.role == "tool":
            contents.append({"role": "user", "parts": [_result(message, names)]})
        else:
            contents.append({"role": "user", "parts": [write_part(part) for part in _parts_of(message)]})
        before = message.role
    if not contents:
        raise ValidationError("Gemini needs a message beside those of the system", field="messages")
    return contents


def _parts_of(message: Message) -> Sequence[Any]:
    """The parts, without the reasoning of others."""
    return [part for part in message.parts if not isinstance(part, ReasoningPart)]


def _said(message: Message, *, signed: bool) -> list[dict[str, Any]]:
    """Text, thoughts and calls of the model in their order; a hidden signature is that of the next part."""
    parts: list[dict[str, Any]] = []
    waiting = None
    for part in message.in_order():
        if isinstance(part, ReasoningPart) and part.origin != ORIGIN:
            continue
        if isinstance(part, ReasoningPart | ToolCall):
            if waiting:
                parts.append({"text": "", "thoughtSignature": waiting})
            waiting = None
        if isinstance(part, ToolCall):
            first = part is message.tool_calls[0]
            call = _call(part)
            if first and signed:
                call.setdefault("thoughtSignature", _UNSIGNED)
            parts.append(call)
        elif isinstance(part, ReasoningPart):
            if part.hidden:
                waiting = part.signature
            else:
                parts.append(_signed({"text": part.text, "thought": True}, part.signature))
        elif waiting or not isinstance(part, TextPart) or part.text:
            parts.append(_signed(write_part(part), waiting))
            waiting = None
    if waiting:
        parts.append({"text": "", "thoughtSignature": waiting})
    return parts or [{"text": ""}]


def _signed(part: dict[str, Any], signature: str | None) -> dict[str, Any]:
    return {**part, "thoughtSignature": signature} if signature else part


def _call(call: ToolCall) -> dict[str, Any]:
    written: dict[str, Any] = {"name": call.name, "args": arguments_object(call.arguments)}
    if call.id:
        written["id"] = call.id
    return _signed({"functionCall": written}, call.signature)


def _result(message: Message, names: Mapping[str, str]) -> dict[str, Any]:
    texts, others = [], []
    for part in _parts_of(message):
        if isinstance(part, TextPart | PassagePart):
            texts.append(part.text if isinstance(part, TextPart) else part.as_text())
        else:
            others.append(write_part(part))
    response: dict[str, Any] = {
        "name": tool_name(message, names),
        "response": {"error" if message.is_error else "output": "".join(texts)},
    }
    if message.tool_call_id:
        response["id"] = message.tool_call_id
    if others:
        response["parts"] = others
    return {"functionResponse": response}
