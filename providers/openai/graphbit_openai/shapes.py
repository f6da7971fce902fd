"""Reading JSON whose shape is promised by somebody else."""

from __future__ import annotations

import json
from typing import Any, Never

from graphbit_core import DecodeError

_parse = json.JSONDecoder().decode
"""``json.loads`` looks at its options first, which counts at one call per chunk."""


def bad_shape(what: str, body: Any, status: int | None = None) -> Never:
    """Raises DecodeError."""
    raise DecodeError(f"the reply {what}", status=status, excerpt=repr(body)[:200])


def optional_text(holder: dict[str, Any], name: str) -> str:
    """The string under ``name``, empty if there is none. Raises DecodeError if it is something else."""
    value = holder.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        bad_shape(f"has a {name} that is not a string", holder)
    return value


def listed(holder: dict[str, Any], name: str) -> list[Any]:
    """The list under ``name``, empty if there is none. Raises DecodeError if it is something else."""
    value = holder.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        bad_shape(f"has {name} that is not a list", holder)
    return value


def count(holder: Any, name: str) -> int:
    """The number under ``name``; 0 if there is none."""
    value = holder.get(name) if isinstance(holder, dict) else None
    return value if type(value) is int and value > 0 else 0


def read_frame(data: str) -> dict[str, Any]:
    """The object in one frame of a stream. Raises DecodeError."""
    try:
        chunk = _parse(data)
    except (ValueError, RecursionError) as error:
        fault = str(error)  # not chained: it holds the whole frame, which may repeat a credential
    else:
        return chunk if isinstance(chunk, dict) else bad_shape("has a frame that is not an object", chunk)
    raise DecodeError(f"a frame of the stream is not JSON: {fault}", excerpt=data[:200])
