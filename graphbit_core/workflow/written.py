"""Values of a workflow as JSON data, and functions as the place where they are."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphbit_core.errors import ValidationError

_HOW = "for a function give its place as 'package.module:function'"


def plain(value: Any, what: str, field: str) -> Any:
    """``value`` as JSON types; a function or class of a module becomes ``package.module:name``.

    Args:
        value: What to write.
        what: What it is, for the error.
        field: Name of the setting, for the error.

    Raises:
        ValidationError: It holds something that a file cannot.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return _text(value, what, field)
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        raise ValidationError(f"{what} is {value}, which JSON has no form for; give a number", field=field)
    if isinstance(value, Mapping):
        written = {_key(k, what, field): plain(v, what, field) for k, v in value.items()}
        if len(written) != len(value):
            raise ValidationError(f"{what} has two keys that are the same as text", field=field)
        return written
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [plain(v, what, field) for v in value]
    if callable(value):
        return import_path(value, what, field)
    raise ValidationError(
        f"{what} is a {type(value).__name__}, which cannot be written down; {_HOW}", field=field
    )


def _key(key: Any, what: str, field: str) -> str:
    if isinstance(key, str):
        return _text(key, what, field)
    if isinstance(key, int | float) and not isinstance(key, bool):
        return str(key)
    raise ValidationError(f"{what} has the key {key!r:.80}; a file has text keys", field=field)


def _text(text: str, what: str, field: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValidationError(f"{what} is no Unicode text: {error}", field=field) from None
    return text


def import_path(function: Callable[..., Any], what: str, field: str) -> str:
    """Where ``function`` can be imported from.

    Raises:
        ValidationError: It is a lambda, stands inside another function, or belongs to the script that runs.
    """
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str):
        found = type(function).__name__
        raise ValidationError(f"{what} is a {found}, which cannot be written down; {_HOW}", field=field)
    where = f"{what} is the function {name!r} of {module!r}, which cannot be written down"
    if "<" in name:
        raise ValidationError(
            f"{where}: no other program can import it; move it to a module's top level, or {_HOW}",
            field=field,
        )
    if module == "__main__":
        raise ValidationError(
            f"{where}: that is the script that runs now; put it into a module of its own, or {_HOW}",
            field=field,
        )
    at: Any = sys.modules.get(module)
    for part in name.split("."):
        at = getattr(at, part, None)
    if at is not function and at != function:  # bound methods are made anew, and equal
        raise ValidationError(f"{where}: what stands there is something else; {_HOW}", field=field)
    return f"{module}:{name}"
