"""The kinds of values that expressions know, and how they compare. Nothing here calls what a value offers."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from operator import attrgetter
from typing import Any

from graphbit_core.nearest import nearest
from graphbit_core.types.documents import Chunk, Document, Match
from graphbit_core.workflow.expressions.fault import Fault, Missing

Spend = Callable[[int], None]
"""Takes steps from the budget of an evaluation; raises when it is used up."""

LISTS = (list, tuple)
SETS = (set, frozenset)
MAX_DEPTH_OF_DATA = 64
"""How deep lists and mappings may lie in each other where they are compared."""

_RECORDS: Mapping[type, Mapping[str, Callable[[Any], Any]]] = {
    kind: {name: attrgetter(name) for name in names}
    for kind, names in (
        (Document, ("text", "metadata")),
        (Chunk, ("text", "start", "end", "metadata")),
        (Match, ("id", "score", "text", "metadata")),
    )
}
"""The only objects that can be looked into, and which of their fields."""


def kind_of(value: Any) -> str:
    """``number``, ``text``, ``true/false``, ``null``, ``list``, ``set``, ``mapping``; else the type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true/false"
    if isinstance(value, int):
        return "number"
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else "number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, LISTS):
        return "list"
    if isinstance(value, SETS):
        return "set"
    return "mapping" if isinstance(value, Mapping) else type(value).__name__


_COMPARABLE = frozenset({"number", "text", "true/false", "null", "list", "set", "mapping"})


def is_true(value: Any) -> bool:
    """Whether a value counts as true: not null, false, 0, or empty."""
    if value is None or isinstance(value, bool | int | str | list | tuple | set | frozenset | Mapping):
        return bool(value)
    if isinstance(value, float) and not math.isnan(value):
        return value != 0
    if type(value) in _RECORDS:
        return True
    raise Fault(f"a {kind_of(value)} is neither true nor false; compare it with something")


def part_of(value: Any, key: Any, path: str) -> Any:
    """The part of a mapping, list or record at ``key``; ``path`` is what leads to it, for the error."""
    if isinstance(value, Mapping):
        if isinstance(key, str | int) and not isinstance(key, bool) and key in value:
            return value[key]
        raise Missing(f"there is no {path!r}{_near(key, value)}")
    if isinstance(value, LISTS):
        index = _index(key)
        if index is None:
            raise Missing(f"there is no {path!r}: a list has whole numbers as keys")
        if not -len(value) <= index < len(value):
            raise Missing(f"there is no {path!r}: the list has {len(value)} items")
        return value[index]
    fields = _RECORDS.get(type(value))
    if fields is not None:
        if isinstance(key, str) and key in fields:
            return fields[key](value)
        raise Missing(f"there is no {path!r}: a {kind_of(value)} has {', '.join(fields)}")
    raise Missing(f"there is no {path!r}: what comes before it is {kind_of(value)}, which has no parts")


def _index(key: Any) -> int | None:
    if isinstance(key, str) and key.isascii() and key.isdigit() and len(key) < 19:
        return int(key)
    return key if isinstance(key, int) and not isinstance(key, bool) else None


def _near(key: Any, value: Mapping[Any, Any]) -> str:
    small = isinstance(key, str) and len(key) <= 64 and len(value) <= 100
    return nearest(key, (k for k in value if isinstance(k, str) and len(k) <= 64)) if small else ""


def equals(left: Any, right: Any, spend: Spend) -> bool:
    """Whether two values are equal; only null may be compared with another kind."""
    kinds = kind_of(left), kind_of(right)
    if "null" in kinds:
        return left is right
    if kinds[0] != kinds[1] or kinds[0] not in _COMPARABLE:
        raise Fault(f"{kinds[0]} and {kinds[1]} cannot be compared; {_conversion(*kinds)}")
    return same(left, right, spend)


def same(left: Any, right: Any, spend: Spend, depth: int = 0) -> bool:
    """Whether two values are of one kind and equal, all the way down."""
    kind = kind_of(left)
    spend(1)
    if kind != kind_of(right):
        return False
    if depth > MAX_DEPTH_OF_DATA:
        raise Fault(f"these values are nested more than {MAX_DEPTH_OF_DATA} deep; compare parts of them")
    if kind == "list":
        pairs = zip(left, right, strict=False)
        return len(left) == len(right) and all(same(a, b, spend, depth + 1) for a, b in pairs)
    if kind == "mapping":
        keys_match = len(left) == len(right) and all(_has(right, key, spend) for key in left)
        return keys_match and all(same(left[key], right[key], spend, depth + 1) for key in left)
    if kind == "set":
        return len(left) == len(right) and all(_has(right, item, spend) for item in left)
    if kind == "text" and len(left) == len(right):
        spend(len(left) // 1024)
    return kind in _COMPARABLE and bool(left == right)


def _has(container: Collection[Any], item: Any, spend: Spend) -> bool:
    spend(1)
    return item in container


def ordered(left: Any, right: Any, sign: str, spend: Spend) -> bool:
    """``left < right`` and its like, of two numbers or two texts."""
    kinds = kind_of(left), kind_of(right)
    if kinds not in (("number", "number"), ("text", "text")):
        raise Fault(f"{kinds[0]} {sign} {kinds[1]} cannot be compared; {_conversion(*kinds)}")
    if kinds[0] == "text":
        spend(min(len(left), len(right)) // 1024)
    if sign in ("<", ">="):
        return bool(left < right) is (sign == "<")
    return bool(left > right) is (sign == ">")


def contains(container: Any, item: Any, spend: Spend) -> bool:
    """``item in container``: a text in a text, a key of a mapping, an item of a list."""
    kind, wanted = kind_of(container), kind_of(item)
    if kind == "text" and wanted == "text":
        spend(len(container) // 1024)
        return item in container
    if kind == "mapping" and wanted in ("text", "number"):
        return item in container
    if kind not in ("list", "set") or wanted not in _COMPARABLE:
        raise Fault(f"{wanted} in {kind} cannot be asked; it takes a list, a mapping or a text to look into")
    others = set()
    for other in container:
        spend(1)
        if same(item, other, spend):
            return True
        others.add(kind_of(other))
    if others and wanted != "null" and not others & {wanted, "null"}:
        raise Fault(f"{wanted} cannot be in this {kind} of {min(others)}; {_conversion(wanted, min(others))}")
    return False


def _conversion(left: str, right: str) -> str:
    if {left, right} == {"number", "text"}:
        return "convert one, as in float(text) or str(number)"
    return "numbers go with numbers, text with text"
