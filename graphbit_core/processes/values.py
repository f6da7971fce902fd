"""What may pass between a process and its children: JSON, bytes, and our own documents. Never pickle.

A frame is eight bytes of length and a packed value. A packed value is JSON in which bytes and documents
are written as mappings with one special key; the bytes themselves follow it unchanged.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

_DOCUMENTS = "graphbit_core.types.documents"
FIELDS: Mapping[str, tuple[str, ...]] = {
    "Document": ("text", "metadata"),
    "Chunk": ("text", "start", "end", "metadata"),
    "Match": ("id", "score", "text", "metadata"),
}
"""The classes of ``graphbit_core.types.documents`` that may pass, and their fields."""

LENGTH = struct.Struct("!Q")
_MARK = "\0graphbit"


def pack(value: Any) -> bytes:
    """``value`` as bytes. Tuples become lists.

    Raises:
        TypeError: It holds something that has no form here; the message names its type.
        ValueError: It holds itself, is nested too deeply, or has a number of over 4,300 digits.
    """
    blobs: list[bytes] = []
    try:
        text = json.dumps(_plain(value, blobs), ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        raise ValueError("it holds itself, or is nested too deeply") from None
    parts = [text.encode("utf-8", "surrogatepass"), *blobs]
    return b"".join([LENGTH.pack(len(parts)), *(LENGTH.pack(len(part)) for part in parts), *parts])


def _plain(value: Any, blobs: list[bytes]) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item, blobs) for item in value]
    if isinstance(value, Mapping):
        return _mapping(value, blobs)
    if isinstance(value, bytes | bytearray | memoryview):
        blobs.append(bytes(value))
        return {_MARK: "bytes", "at": len(blobs)}
    kind = type(value)
    if kind.__module__ == _DOCUMENTS and kind.__name__ in FIELDS:
        fields = {name: _plain(getattr(value, name), blobs) for name in FIELDS[kind.__name__]}
        return {_MARK: kind.__name__, **fields}
    raise TypeError(f"a value of type {kind.__module__}.{kind.__qualname__} is neither JSON nor bytes")


def _mapping(value: Mapping[Any, Any], blobs: list[bytes]) -> dict[str, Any]:
    for key in value:
        if not isinstance(key, str):
            raise TypeError(f"a mapping has a key of type {type(key).__qualname__}; in JSON keys are text")
    plain = {key: _plain(item, blobs) for key, item in value.items()}
    return {_MARK: "mapping", "items": list(plain.items())} if _MARK in plain else plain


def unpack(data: bytes) -> Any:
    """What ``pack`` was given.

    Raises:
        ValueError: ``data`` is not what ``pack`` writes.
    """
    try:
        (count,) = LENGTH.unpack_from(data)
        if count > len(data):
            raise ValueError("there are more parts than bytes")
        lengths = struct.unpack_from(f"!{count}Q", data, LENGTH.size)
        start = LENGTH.size * (1 + count)
        parts: list[bytes] = []
        for length in lengths:
            parts.append(data[start : start + length])
            start += length
        text = parts[0].decode("utf-8", "surrogatepass")
        return json.loads(text, object_hook=lambda found: _restored(found, parts))
    except (struct.error, LookupError, TypeError, RecursionError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def _restored(found: dict[str, Any], parts: list[bytes]) -> Any:
    kind = found.pop(_MARK, None)
    if kind is None:
        return found
    if kind == "bytes":
        return parts[found["at"]]
    if kind == "mapping":
        return dict(found["items"])
    fields = {name: found[name] for name in FIELDS[kind]}
    from graphbit_core.types import documents

    return getattr(documents, kind)(**fields)
