"""Our messages as contents and a system instruction.

The places of signatures are those that ``parts`` read them from.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from graphbit_core import (
    AudioPart,
    FilePart,
    ImagePart,
    Message,
    PassagePart,
    ReasoningPart,
    TextPart,
    ToolCall,
    ValidationError,
    arguments_object,
)
from graphbit_google.parts import ORIGIN

_UNSIGNED = "skip_thought_signature_validator"
"""What the API wants on a call that another model, or none, made: models since 3 refuse a turn's first call
without a signature."""
_IMAGES = {
    "png": "png",
    "jpg": "jpeg",
    "jpeg": "jpeg",
    "webp": "webp",
    "heic": "heic",
    "heif": "heif",
    "gif": "gif",
}
_AUDIO = {"wav": "audio/wav", "mp3": "audio/mp3"}


def system_instruction(messages: Sequence[Message]) -> dict[str, Any] | None:
    """What the system messages say; they all stand before the conversation."""
    parts: list[dict[str, Any]] = []
    for message in messages[: _leading(messages)]:
        for part in _parts_of(message):
            if not isinstance(part, TextPart | PassagePart):
                raise ValidationError(
                    f"Gemini takes text only in a system message, no {type(part).__name__}", field="messages"
                )
            parts.append({"text": part.text if isinstance(part, TextPart) else part.as_text()})
    return {"parts": parts} if parts else None


def write_contents(messages: Sequence[Message], *, signed: bool) -> list[dict[str, Any]]:
    """The conversation. Results that follow each other become one turn.

    ``signed``: the model wants a signature on the first call of a turn.
    """
    contents: list[dict[str, Any]] = []
    names: dict[str, str] = {}
    before = ""
    for message in messages[_leading(messages) :]:
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
            contents.append({"role": "user", "parts": [_part(part) for part in _parts_of(message)]})
        before = message.role
    if not contents:
        raise ValidationError("Gemini needs a message beside those of the system", field="messages")
    return contents


def _leading(messages: Sequence[Message]) -> int:
    """How many system messages the conversation begins with."""
    return next((at for at, message in enumerate(messages) if message.role != "system"), len(messages))


def _parts_of(message: Message) -> Sequence[Any]:
    """The parts, without the reasoning of others."""
    if isinstance(message.content, str):
        return (TextPart(message.content),)
    return [part for part in message.content if not isinstance(part, ReasoningPart)]


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
            parts.append(_signed(_part(part), waiting))
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
    name = message.name or names.get(message.tool_call_id or "")
    if not name:
        raise ValidationError(
            "a tool message needs its tool's name, or the tool_call_id of a call in an earlier message",
            field="messages",
        )
    texts, others = [], []
    for part in _parts_of(message):
        if isinstance(part, TextPart | PassagePart):
            texts.append(part.text if isinstance(part, TextPart) else part.as_text())
        else:
            others.append(_part(part))
    response: dict[str, Any] = {
        "name": name,
        "response": {"error" if message.is_error else "output": "".join(texts)},
    }
    if message.tool_call_id:
        response["id"] = message.tool_call_id
    if others:
        response["parts"] = others
    return {"functionResponse": response}


def _part(part: Any) -> dict[str, Any]:
    if isinstance(part, TextPart):
        return {"text": part.text}
    if isinstance(part, PassagePart):
        return {"text": part.as_text()}
    if isinstance(part, ImagePart):
        return _image(part)
    if isinstance(part, AudioPart):
        if part.format not in _AUDIO:
            raise ValidationError(
                f"the format of audio is {part.format!r}; it is one of {', '.join(_AUDIO)}", field="messages"
            )
        return _inline(part.data, _AUDIO[part.format])
    return _file(part)


def _image(image: ImagePart) -> dict[str, Any]:
    if image.url is not None and image.url.startswith("data:"):
        about, _, data = image.url[5:].partition(",")
        if not about.endswith(";base64"):
            raise ValidationError("a data URL of an image must be base64", field="messages")
        return {"inlineData": {"mimeType": about.removesuffix(";base64"), "data": data}}
    if image.url is not None:
        suffix = image.url.partition("?")[0].rpartition(".")[2].lower()
        guessed = f"image/{_IMAGES[suffix]}" if suffix in _IMAGES else None
        return _by_address(image.url, image.media_type or guessed)
    if image.data is None or image.media_type is None:
        raise ValidationError("an image needs a url, or data with its media_type", field="messages")
    return _inline(image.data, image.media_type)


def _file(file: FilePart) -> dict[str, Any]:
    if file.file_id is not None:
        return _by_address(file.file_id, file.media_type)
    if file.data is None or file.media_type is None:
        raise ValidationError(
            f"the file {file.name!r} needs a file_id, or data with its media_type", field="messages"
        )
    return _inline(file.data, file.media_type)


def _by_address(address: str, media_type: str | None) -> dict[str, Any]:
    about = {"fileUri": address, "mimeType": media_type}
    return {"fileData": {name: value for name, value in about.items() if value is not None}}


def _inline(data: bytes, media_type: str) -> dict[str, Any]:
    return {"inlineData": {"mimeType": media_type, "data": b64encode(data).decode("ascii")}}
