"""Parts of a message as the API has them."""

from __future__ import annotations

from typing import Any

from graphbit_core import AudioPart, FilePart, ImagePart, PassagePart, TextPart, ValidationError
from graphbit_core.wire import base64_text

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


def write_part(part: Any) -> dict[str, Any]:
    """One part. Raises ValidationError for what the API does not take."""
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
    return {"inlineData": {"mimeType": media_type, "data": base64_text(data)}}
