"""A conversation as the API has it: images apart from texts, and results known by their tools."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from graphbit_core import ImagePart, Message, PassagePart, ReasoningPart, TextPart, ToolCall, ValidationError
from graphbit_core.wire import arguments_object, base64_text, tool_name

ORIGIN = "ollama"


def write_messages(messages: Sequence[Message]) -> Iterator[dict[str, Any]]:
    """The conversation; thoughts of other models are left out."""
    names: dict[str, str] = {}
    """Id of a call → its tool. The API knows no ids: a result is known by its tool and its place."""
    for message in messages:
        written: dict[str, Any] = {"role": message.role, **_content(message)}
        if message.tool_calls:
            written["tool_calls"] = [_tool_call(call) for call in message.tool_calls]
            names.update((call.id, call.name) for call in message.tool_calls)
        if message.role == "tool":
            written["tool_name"] = tool_name(message, names)
        yield written


def _content(message: Message) -> dict[str, Any]:
    texts: list[str] = []
    images: list[str] = []
    thoughts: list[str] = []
    for part in message.parts:
        if isinstance(part, TextPart):
            texts.append(part.text)
        elif isinstance(part, PassagePart):
            texts.append(part.as_text() + "\n\n")
        elif isinstance(part, ImagePart):
            images.append(_image(part))
        elif not isinstance(part, ReasoningPart):
            raise ValidationError(
                f"Ollama takes text and images, not a {type(part).__name__}", field="messages"
            )
        elif part.origin == ORIGIN:
            thoughts.append(part.text)
    optional = {"images": images, "thinking": "".join(thoughts)}
    return {"content": "".join(texts), **{name: value for name, value in optional.items() if value}}


def _image(image: ImagePart) -> str:
    if image.data is None:
        raise ValidationError(
            "Ollama fetches no images; read the image and pass it as data", field="messages"
        )
    return base64_text(image.data)


def _tool_call(call: ToolCall) -> dict[str, Any]:
    return {"function": {"name": call.name, "arguments": arguments_object(call.arguments)}}
