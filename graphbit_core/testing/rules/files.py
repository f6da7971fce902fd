"""Settings as a file brings them back."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any


def through_json(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What a workflow file makes of ``settings``: tuples become lists, and paths text.

    Raises:
        TypeError: A value has no form in JSON.
    """
    read: dict[str, Any] = json.loads(json.dumps(dict(settings), default=_as_text, allow_nan=False))
    return read


def through_toml(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What ``graphbit.toml`` makes of ``settings``. TOML has no null: what is None is left out.

    Raises:
        TypeError: A value has no form in TOML.
    """
    return tomllib.loads(f"settings = {_toml(dict(settings))}")["settings"]  # type: ignore[no-any-return]


def _as_text(value: Any) -> str:
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{value!r:.80} has no form in a file; say in_files = False if the settings hold objects")


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        # A TOML string escapes as JSON does, but for the surrogate pairs that JSON writes with \u.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, Mapping):
        pairs = [f"{_toml(str(key))} = {_toml(item)}" for key, item in value.items() if item is not None]
        return f"{{{', '.join(pairs)}}}"
    return _toml(_as_text(value))
