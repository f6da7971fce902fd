"""Parts of a message as chat completions write them."""

from __future__ import annotations

from typing import Any

from graphbit_core import AudioPart, FilePart, ImagePart, Message, PassagePart, TextPart, ValidationError
from graphbit_core.wire import base64_text


def write_parts(message: Message) -> list[dict[str, Any]]:
    """The parts in order, without reasoning, which has its own place where it has one.

    Raises:
        ValidationError: A part lacks what is needed, or has no place in a message of that role.
    """
    written = (_part(part, message.role) for part in message.content)
    return [part for part in written if part is not None]


def _part(part: Any, role: str) -> dict[str, Any] | None:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    if isinstance(part, PassagePart):
        return {"type": "text", "text": part.as_text()}
    if isinstance(part, ImagePart | AudioPart | FilePart) and role != "user":
        raise ValidationError(
            f"chat completions take a {type(part).__name__} only in user messages, not in a {role} message",
            field="messages",
        )
    if isinstance(part, ImagePart):
        return {"type": "image_url", "image_url": {"url": image_url(part)}}
    if isinstance(part, AudioPart):
        audio = {"data": base64_text(part.data), "format": part.format}
        return {"type": "input_audio", "input_audio": audio}
    if isinstance(part, FilePart):
        return {"type": "file", "file": file_fields(part)}
    return None


def image_url(image: ImagePart) -> str:
    """The image's own URL, or one that holds its bytes."""
    if image.url is not None:
        return image.url
    if image.data is None or image.media_type is None:
        raise ValidationError("an image needs a url, or data with its media_type", field="messages")
    return _data_url(image.media_type, image.data)


def file_fields(file: FilePart) -> dict[str, str]:
    """A file as both APIs take it: by its id, or its name and bytes."""
    if file.file_id is not None:
        return {"file_id": file.file_id}
    if file.data is None or file.media_type is None:
        raise ValidationError(
            f"the file {file.name!r} needs a file_id, or data with its media_type", field="messages"
        )
    return {"filename": file.name, "file_data": _data_url(file.media_type, file.data)}


def _data_url(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{base64_text(data)}"
