"""Values as JSON has them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import Enum
from typing import Any

_PLAIN = frozenset({str, bool, int, float, type(None)})


def to_json(value: Any) -> Any:
    """``value`` as JSON types: dataclasses (without fields hidden from their repr) and pydantic models as
    objects, sets and tuples as lists, members of an Enum as their values.

    Raises:
        TypeError: It holds something JSON has no form for; the message names its type.
        RecursionError: It lies too deep, or in itself.
    """
    kind = type(value)
    if kind in _PLAIN:
        return value
    if isinstance(value, Enum):
        return to_json(value.value)
    if isinstance(value, str | int | float):  # subclasses
        return value
    if isinstance(value, Mapping):
        return {str(to_json(key)): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_json(item) for item in value]
    if dataclasses.is_dataclass(kind):
        return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(kind) if f.repr}
    if hasattr(kind, "model_dump") and hasattr(kind, "model_validate"):
        return value.model_dump(mode="json")
    raise TypeError(f"a value of type {kind.__name__} has no JSON form")
