"""Checks data against a JSON Schema: the keywords that the schema of workflow files uses, and no others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": int | float,
    "boolean": bool,
    "null": type(None),
    "array": list,
    "object": dict,
}
NOTES = {"$schema", "$defs", "title", "description"}


def faults(data: Any, schema: dict[str, Any], root: dict[str, Any], where: str = "") -> Iterator[str]:
    """What of ``data`` does not fit ``schema``. A keyword that is not known here is a KeyError."""
    for keyword, value in schema.items():
        if keyword in ("properties", "then") or keyword in NOTES:
            continue
        yield from KEYWORDS[keyword](data, value, schema, root, where)
    if isinstance(data, dict):
        for key, inner in schema.get("properties", {}).items():
            if key in data:
                yield from faults(data[key], inner, root, f"{where}/{key}")


def fits(data: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    return not any(faults(data, schema, root))


def _type(data: Any, value: Any, schema: Any, root: Any, where: str) -> Iterator[str]:
    names = [value] if isinstance(value, str) else value
    if not any(isinstance(data, TYPES[n]) and (n == "boolean" or not isinstance(data, bool)) for n in names):
        yield f"{where}: {data!r} is no {names}"


def _ref(data: Any, value: Any, schema: Any, root: Any, where: str) -> Iterator[str]:
    yield from faults(data, root["$defs"][value.removeprefix("#/$defs/")], root, where)


def _additional(data: Any, value: Any, schema: Any, root: Any, where: str) -> Iterator[str]:
    for key in data if isinstance(data, dict) else ():
        if key not in schema.get("properties", {}):
            if value is False:
                yield f"{where}: unknown {key!r}"
            elif value is not True:
                yield from faults(data[key], value, root, f"{where}/{key}")


def _items(data: Any, value: Any, schema: Any, root: Any, where: str) -> Iterator[str]:
    for number, inner in enumerate(data if isinstance(data, list) else ()):
        yield from faults(inner, value, root, f"{where}/{number}")


def _names(data: Any, value: Any, schema: Any, root: Any, where: str) -> Iterator[str]:
    for key in data if isinstance(data, dict) else ():
        yield from faults(key, value, root, f"{where}/{key}")


def _any_of(data: Any, value: Any, schema: Any, root: Any, where: str) -> Iterator[str]:
    if not any(fits(data, inner, root) for inner in value):
        yield f"{where}: {data!r} fits none of {value}"


def _all_of(data: Any, value: Any, schema: Any, root: Any, where: str) -> Iterator[str]:
    for inner in value:
        yield from faults(data, inner, root, where)


def _if(data: Any, value: Any, schema: Any, root: Any, where: str) -> Iterator[str]:
    if fits(data, value, root):
        yield from faults(data, schema["then"], root, where)


def _required(data: Any, value: Any, schema: Any, root: Any, where: str) -> Iterator[str]:
    if isinstance(data, dict):
        yield from (f"{where}: no {key!r}" for key in value if key not in data)


def _when(fails: Any) -> Any:
    """A keyword that is broken if ``fails(data, value)``."""

    def check(data: Any, value: Any, schema: Any, root: Any, where: str) -> Iterator[str]:
        if fails(data, value):
            yield f"{where}: {data!r} against {value!r}"

    return check


def _number(data: Any) -> bool:
    return isinstance(data, int | float) and not isinstance(data, bool)


KEYWORDS: dict[str, Any] = {
    "type": _type,
    "$ref": _ref,
    "additionalProperties": _additional,
    "items": _items,
    "propertyNames": _names,
    "anyOf": _any_of,
    "allOf": _all_of,
    "if": _if,
    "required": _required,
    "enum": _when(lambda data, value: data not in value),
    "const": _when(lambda data, value: data != value),
    "pattern": _when(lambda data, value: isinstance(data, str) and not re.search(value, data)),
    "minimum": _when(lambda data, value: _number(data) and data < value),
    "exclusiveMinimum": _when(lambda data, value: _number(data) and data <= value),
    "minProperties": _when(lambda data, value: isinstance(data, dict) and len(data) < value),
}
