"""What codecs share: reading JSON whose shape somebody else promised, and writing what several APIs want.

A codec reads a reply field by field. What is not there is empty; what is something else than the API promises
is a DecodeError, so that nothing unreadable is ever an answer.
"""

from __future__ import annotations

import json
from array import array
from base64 import b64encode
from collections.abc import Collection, Mapping, Sequence
from math import isfinite
from typing import Any, Never

from graphbit_core.errors import DecodeError, ValidationError
from graphbit_core.types.documents import Vector
from graphbit_core.types.http import HttpRequest, HttpResponse
from graphbit_core.types.messages import Message

__all__ = [
    "bad_shape",
    "base64_text",
    "call_id",
    "check_extra",
    "compact_json",
    "count",
    "error_body",
    "optional_list",
    "optional_text",
    "read_frame",
    "read_vectors",
    "required_text",
    "split_system",
    "tool_name",
]

_read = json.JSONDecoder().raw_decode
"""``json.loads`` looks at its options first and for white space around; that counts at one call per frame."""

compact_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""JSON text without spaces, of what an API gave as an object and our messages hold as text."""


# --- reading ---

INVALID_JSON = "INVALID_JSON"
"""Under this name stands what a model wrote as arguments and is no JSON object."""


def bad_shape(what: str, found: Any, status: int | None = None) -> Never:
    """Raises DecodeError: the reply ``what``, and how ``found`` begins."""
    raise DecodeError(f"the reply {what}", status=status, excerpt=repr(found)[:200])


def read_frame(data: str) -> dict[str, Any]:
    """The object in one frame of a stream. Raises DecodeError."""
    text = data.strip(" \t\r\n")
    try:
        frame, end = _read(text)
        if end != len(text):
            raise ValueError(f"something follows its {end} characters")
    except (ValueError, RecursionError) as error:
        fault = str(error)  # not chained: it holds the whole frame, which may repeat a credential
    else:
        return frame if isinstance(frame, dict) else bad_shape("has a frame that is not an object", frame)
    raise DecodeError(f"a frame of the stream is not JSON: {fault}", excerpt=data[:200])


def error_body(response: HttpResponse) -> Any:
    """What a reply that is an error holds: its JSON or, where that is none, the text it begins with."""
    try:
        return response.json()
    except DecodeError:
        return response.body[:200].decode("utf-8", "replace")


def optional_text(holder: dict[str, Any], name: str) -> str:
    """The string under ``name``, empty if there is none. Raises DecodeError if it is something else."""
    value = holder.get(name)
    if value is None:
        return ""
    return value if isinstance(value, str) else bad_shape(f"has a {name} that is not a string", holder)


def required_text(holder: dict[str, Any], name: str) -> str:
    """The string under ``name``. Raises DecodeError if it is something else, or missing."""
    value = holder.get(name)
    return value if isinstance(value, str) else bad_shape(f"has a {name} that is not a string", holder)


def optional_list(holder: dict[str, Any], name: str) -> list[Any]:
    """The list under ``name``, empty if there is none. Raises DecodeError if it is something else."""
    value = holder.get(name)
    if value is None:
        return []
    return value if isinstance(value, list) else bad_shape(f"has {name} that is not a list", holder)


def count(holder: Any, name: str) -> int:
    """The number under ``name``; 0 if there is none: a reply with spoiled counts is still an answer."""
    value = holder.get(name) if isinstance(holder, dict) else None
    return value if type(value) is int and value > 0 else 0


def read_vectors(rows: Sequence[Any], status: int | None = None) -> list[Vector]:
    """Embeddings, each a list of numbers, or an array of floats where the codec unpacked it.

    Raises:
        DecodeError: One is not numbers, is empty or is not finite; or they differ in length.
    """
    vectors: list[Vector] = [_vector(row, status) for row in rows]
    if len({len(vector) for vector in vectors}) > 1:
        bad_shape("has vectors of different lengths", [len(vector) for vector in vectors], status)
    return vectors


def _vector(row: Any, status: int | None) -> list[float]:
    if isinstance(row, array):
        numbers: list[float] = row.tolist()
    elif isinstance(row, list) and (kinds := {*map(type, row)}) <= {float, int}:
        try:
            numbers = [float(number) for number in row] if int in kinds else row
        except OverflowError:  # JSON's whole numbers have no end
            numbers = []
    else:
        bad_shape("has an embedding that is not a list of numbers", row, status)
    if not numbers or not all(map(isfinite, numbers)):
        bad_shape("has an embedding that is empty or not finite", row, status)
    return numbers


# --- writing ---


def base64_text(data: bytes) -> str:
    """Base64, as JSON carries bytes."""
    return b64encode(data).decode("ascii")


def split_system(messages: Sequence[Message]) -> tuple[Sequence[Message], Sequence[Message]]:
    """The system messages that a conversation begins with, and the rest, for APIs that have them apart."""
    first = next((at for at, message in enumerate(messages) if message.role != "system"), len(messages))
    return messages[:first], messages[first:]


def call_id(message: Message) -> str:
    """The id of the call that a tool message answers. Raises ValidationError if it names none."""
    if not message.tool_call_id:
        raise ValidationError("a tool message needs the tool_call_id it answers", field="messages")
    return message.tool_call_id


def tool_name(message: Message, names: Mapping[str, str]) -> str:
    """The name of the tool that a tool message is from.

    Args:
        message: The message.
        names: Ids of the calls before it and the tools they called; for a message without a name.

    Raises:
        ValidationError: Neither says it.
    """
    name = message.name or names.get(message.tool_call_id or "")
    if not name:
        raise ValidationError(
            "a tool message needs the name of its tool, or the tool_call_id of a call before it",
            field="messages",
        )
    return name


def check_extra(extra: Mapping[str, Any], ours: Collection[str]) -> None:
    """Refuses an ``extra`` that would replace fields of ``ours``. Raises ValidationError."""
    if taken := sorted(name for name in extra if name in ours):
        raise ValidationError(f"extra must not hold {taken}; the request sets them itself", field="extra")


def arguments_object(arguments: str) -> dict[str, Any]:
    """The arguments of a tool call as an object, for APIs that take no text there.

    A model may write what is no JSON object, or what JSON cannot carry, such as ``NaN``. The tool's result
    then says so, and the model has to see what it wrote to mend it; so that is not left out but stands, as
    text, under the name ``INVALID_JSON``, as in Anthropic's documents about results. No text at all is a
    call without arguments.
    """
    try:
        read = json.loads(arguments) if arguments.strip() else {}
        HttpRequest.json("", read)  # NaN, huge numbers and half characters can be read, but not sent
    except (ValueError, RecursionError, ValidationError):
        read = None
    return read if isinstance(read, dict) else {INVALID_JSON: arguments}
