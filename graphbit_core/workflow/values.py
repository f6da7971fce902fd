"""How a node's output reads when it becomes part of a text or of JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

from graphbit_core.types.documents import Document, Match
from graphbit_core.types.messages import ChatResponse


def as_text(value: Any) -> str:
    """Text as it is, documents and matches as their texts, None as nothing, all else as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, Document | Match | ChatResponse):
        return value.text
    if _is_list_of(value, (Document, Match)):
        return "\n\n".join(item.text for item in value)
    return json.dumps(to_json(value), ensure_ascii=False, indent=2)


def to_json(value: Any) -> Any:
    """``value`` as JSON types.

    Raises:
        TypeError: It holds something JSON has no form for; the message names its type.
    """
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value) if f.repr}
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_json(item) for item in value]
    raise TypeError(f"a value of type {type(value).__name__} has no JSON form")


def is_passages(value: Any) -> bool:
    """Whether ``value`` is a list of matches, as the retrieve node gives."""
    return _is_list_of(value, (Match,))


def _is_list_of(value: Any, types: tuple[type, ...]) -> bool:
    return isinstance(value, Sequence) and bool(value) and all(isinstance(item, types) for item in value)
