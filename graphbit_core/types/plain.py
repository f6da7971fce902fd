"""Any value as JSON types or text, for what is written down: what has no form is described."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

_DEEPEST = 64
_LONGEST_TEXT = 500


def as_plain(value: Any) -> Any:
    """``value`` as JSON types; never raises, and leaves nothing out.

    Mappings, sequences, sets and dataclasses (their fields with ``repr``) become objects and lists. Bytes,
    functions, NaN, circles and what lies deeper than 64 levels become ``{"not_json": type, "text": …}``,
    with the first 500 characters of their ``repr``.
    """
    return _plain(value, 0)


def text_of(value: object, show: Callable[[object], str] = str) -> str:
    """What ``show`` gives of ``value``; raises nothing but Ctrl-C. What cannot be shown is so described."""
    try:
        return show(value)
    except KeyboardInterrupt:
        raise  # the user's
    except BaseException as error:  # noqa: BLE001 - what cannot be shown must still be told of
        return f"(its text cannot be had: {type(error).__name__})"


def utf8(text: str) -> str:
    """Lone surrogates written out: they can be neither sent nor kept, nor given to the kernel."""
    return text.encode("utf-8", "backslashreplace").decode()


def _plain(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _described(value)
    if depth == _DEEPEST:
        return _described(value)
    if isinstance(value, Mapping):
        items = {str(key): _plain(item, depth + 1) for key, item in value.items()}
        return items if len(items) == len(value) else _described(value)  # {1: …, "1": …}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, depth + 1) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [field.name for field in dataclasses.fields(value) if field.repr]
        return {name: _plain(getattr(value, name), depth + 1) for name in fields}
    return _described(value)


def _described(value: Any) -> dict[str, str]:
    kind = type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    text = text_of(value, repr)
    return {"not_json": name, "text": text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"}
