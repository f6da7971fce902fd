"""The parts of an answer, whole or as they arrive, as content and tool calls of our message.

Signatures keep their place: that of a thought is on its reasoning part, that of a call on the call. A
signature on any other part is a hidden reasoning part right before that part; one on an empty part stands
alone, or before an empty text if something follows that could be taken for its part.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from graphbit_core import AudioPart, Delta, FilePart, ImagePart, Message, ReasoningPart, TextPart, ToolCall
from graphbit_core.wire import bad_shape, compact_json, optional_text

ORIGIN = "gemini"
_Content = TextPart | ReasoningPart | ImagePart | AudioPart | FilePart


class Parts:
    """What arrived so far. Text in several pieces is joined; what is signed is not joined with anything."""

    def __init__(self) -> None:
        self.identity = ""
        """The API's id of the answer; calls that it gives no id are named after it and their place."""
        self._content: list[_Content] = []
        self._pieces: list[str] = []
        self._open: tuple[str, int] = ("", 0)
        """What the pieces belong to, ``text`` or ``thought``, and how many calls came before."""
        self._calls: list[ToolCall] = []

        self._alone = False
        """Whether the last content is the signature of an empty part."""

    @property
    def empty(self) -> bool:
        """Whether nothing arrived."""
        return not (self._content or self._pieces or self._calls)

    def add(self, candidate: dict[str, Any]) -> list[Delta]:
        """Takes the parts of a candidate. Raises DecodeError for those that are not what they should be."""
        content = candidate.get("content")
        parts = content.get("parts") if isinstance(content, dict) else content
        if parts is None:
            return []
        if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
            bad_shape("has parts that are not a list of objects", parts)
        return [delta for part in parts for delta in self._part(part)]

    def message(self) -> Message:
        """The message."""
        self._close()
        calls = tuple(self._calls)
        if all(isinstance(part, TextPart) and not part.calls_before for part in self._content):
            return Message("assistant", self.text, tool_calls=calls)
        return Message("assistant", tuple(self._content), tool_calls=calls)

    @property
    def text(self) -> str:
        """The text so far."""
        self._close()
        return "".join(part.text for part in self._content if isinstance(part, TextPart))

    def _part(self, part: dict[str, Any]) -> Iterator[Delta]:
        signature = optional_text(part, "thoughtSignature") or None
        if isinstance(part.get("functionCall"), dict):
            yield self._call(part["functionCall"], signature)
        elif isinstance(part.get("inlineData"), dict):
            self._close()
            self._apart()
            self._sign(signature)
            self._content.append(_media(part["inlineData"]))
        elif part.get("thought") is True:
            yield from self._thought(optional_text(part, "text"), signature)
        else:
            yield from self._text(optional_text(part, "text"), signature)

    def _text(self, text: str, signature: str | None) -> Iterator[Delta]:
        self._sign(signature)
        if text:
            self._append("text", text)
            yield Delta("text", text)
        if signature:
            self._close()
            self._alone = not text

    def _call(self, call: dict[str, Any], signature: str | None) -> Delta:
        if not isinstance(call.get("name"), str) or not call["name"]:
            bad_shape("has a functionCall without a name", call)
        if (
            not isinstance(call.get("args") or {}, dict)
            or call.get("partialArgs")
            or call.get("willContinue")
        ):
            bad_shape("has a functionCall whose args are not one whole object", call)
        at = len(self._calls)
        made = ToolCall(
            str(call.get("id") or self._made_id(at)),
            call["name"],
            compact_json(call.get("args") or {}),
            signature,
        )
        self._calls.append(made)
        return Delta("tool_call", made.arguments, at, replace(made, arguments=""))

    def _made_id(self, at: int) -> str:
        return f"call-{self.identity}-{at}" if self.identity else f"call-{at}"

    def _thought(self, text: str, signature: str | None) -> Iterator[Delta]:
        if signature:
            self._close()
            self._alone = False
            self._content.append(ReasoningPart(text, signature, ORIGIN, calls_before=len(self._calls)))
        elif text:
            self._append("thought", text)
        if text:
            yield Delta("reasoning", text)

    def _sign(self, signature: str | None) -> None:
        """Notes the signature of the part that comes now."""
        if signature:
            self._close()
            self._alone = False
            before = len(self._calls)
            self._content.append(ReasoningPart("", signature, ORIGIN, hidden=True, calls_before=before))

    def _append(self, kind: str, text: str) -> None:
        place = (kind, len(self._calls))
        if place != self._open:
            self._close()
            self._open = place
        self._pieces.append(text)

    def _apart(self) -> None:
        """Keeps a signature that stands alone from the part that comes now."""
        if self._alone:
            self._content.append(TextPart(""))
        self._alone = False

    def _close(self) -> None:
        """Ends the text or thought that pieces were joined to."""
        (kind, before), text = self._open, "".join(self._pieces)
        if text and kind == "thought":
            self._alone = False
            self._content.append(ReasoningPart(text, None, ORIGIN, calls_before=before))
        elif text:
            self._apart()
            self._content.append(TextPart(text, calls_before=before))
        self._open = ("", 0)
        self._pieces.clear()


def _media(blob: dict[str, Any]) -> ImagePart | AudioPart | FilePart:
    media_type = optional_text(blob, "mimeType")
    try:
        data = b64decode(optional_text(blob, "data"), validate=True)
    except (binascii.Error, ValueError):
        bad_shape("has inlineData that is not base64", media_type)
    if media_type.startswith("image/"):
        return ImagePart(data=data, media_type=media_type)
    if media_type in ("audio/wav", "audio/mp3", "audio/mpeg"):
        return AudioPart(data, "wav" if media_type == "audio/wav" else "mp3")
    return FilePart("", data, media_type or "application/octet-stream")
