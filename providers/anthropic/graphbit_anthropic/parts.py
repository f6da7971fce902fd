"""Our parts as content blocks."""

from __future__ import annotations

from collections.abc import Iterator
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
)
from graphbit_core.wire import arguments_object, base64_text, call_id

ORIGIN = "anthropic"
_IMAGES = ("image/jpeg", "image/png", "image/gif", "image/webp")
Block = dict[str, Any]


def text_blocks(message: Message) -> list[Block]:
    """The blocks of a system message. Raises ValidationError if it holds more than text."""
    blocks = list(_blocks(message))
    if any(block["type"] != "text" for block in blocks):
        raise ValidationError("Anthropic takes only text in a system message", field="messages")
    return blocks


def user_blocks(message: Message) -> list[Block]:
    """The blocks of a user message."""
    return list(_blocks(message))


def result_block(message: Message) -> Block:
    """What a tool gave."""
    block: Block = {"type": "tool_result", "tool_use_id": call_id(message)}
    if content := shortened(list(_blocks(message))):
        block["content"] = content
    if message.is_error:
        block["is_error"] = True
    return block


def assistant_blocks(message: Message) -> list[Block]:
    """Thoughts, texts and calls in the order in which the model wrote them.

    The API takes thoughts back only in their order.
    """
    blocks: list[Block] = []
    for part in message.in_order():
        if isinstance(part, ToolCall):
            blocks.append(_call_block(part))
        elif not isinstance(part, ReasoningPart):
            blocks += _part_blocks(part, "assistant")
        elif thought := _thought(part):
            blocks.append(thought)
    return blocks


def shortened(blocks: list[Block]) -> str | list[Block]:
    """A single plain text as a string, which means the same."""
    if len(blocks) == 1 and blocks[0].keys() == {"type", "text"}:
        return str(blocks[0]["text"])
    return blocks


def _blocks(message: Message) -> Iterator[Block]:
    for part in message.parts:
        yield from _part_blocks(part, message.role)


def _part_blocks(part: Any, role: str) -> Iterator[Block]:
    """At most one block: the API refuses texts of nothing but white space, and they say nothing."""
    if isinstance(part, TextPart | PassagePart):
        text = part.text if isinstance(part, TextPart) else part.as_text()
        if text.strip():
            yield {"type": "text", "text": text}
    elif isinstance(part, ImagePart | FilePart) and role in ("user", "tool"):
        yield _image(part) if isinstance(part, ImagePart) else _document(part)
    elif isinstance(part, ImagePart | FilePart):
        raise ValidationError(
            f"Anthropic takes a {type(part).__name__} in user and tool messages, not in a {role} message",
            field="messages",
        )
    elif isinstance(part, AudioPart):
        raise ValidationError("Anthropic takes no audio; send its transcript", field="messages")


def _image(image: ImagePart) -> Block:
    if image.url is not None:
        if not image.url.startswith(("https://", "http://")):
            raise ValidationError(
                "Anthropic fetches images from http(s) addresses; pass others as data with their media_type",
                field="messages",
            )
        return {"type": "image", "source": {"type": "url", "url": image.url}}
    if image.data is None or image.media_type not in _IMAGES:
        raise ValidationError(
            f"an image needs a url, or data with a media_type of {', '.join(_IMAGES)}", field="messages"
        )
    return {"type": "image", "source": _base64(image.media_type, image.data)}


def _document(file: FilePart) -> Block:
    return {"type": "document", "source": _document_source(file), "title": file.name}


def _document_source(file: FilePart) -> dict[str, str]:
    if file.file_id is not None:
        return {"type": "file", "file_id": file.file_id}
    kind = (file.media_type or "").partition(";")[0].strip().lower()
    if file.data is not None and kind == "application/pdf":
        return _base64(kind, file.data)
    if file.data is not None and kind.startswith("text/"):
        try:
            return {"type": "text", "media_type": "text/plain", "data": file.data.decode()}
        except UnicodeDecodeError:
            pass
    raise ValidationError(
        f"the file {file.name!r} needs a file_id, or data that is application/pdf or text in UTF-8; pass "
        "images as ImagePart",
        field="messages",
    )


def _base64(media_type: str, data: bytes) -> dict[str, str]:
    return {"type": "base64", "media_type": media_type, "data": base64_text(data)}


def _thought(part: ReasoningPart) -> Block | None:
    """A thought with its signature; None for one of another API, or that was cut off before it was signed."""
    if part.origin != ORIGIN or not part.signature:
        return None
    if part.hidden:
        return {"type": "redacted_thinking", "data": part.signature}
    return {"type": "thinking", "thinking": part.text, "signature": part.signature}


def _call_block(call: ToolCall) -> Block:
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": arguments_object(call.arguments)}
