"""Reading JSON whose shape is promised by somebody else."""

from __future__ import annotations

from typing import Any, Never

from graphbit_core import DecodeError


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
