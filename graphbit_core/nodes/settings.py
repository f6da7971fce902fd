"""Checks of settings that the node types share; a workflow file may hold anything."""

from __future__ import annotations

from typing import Any

from graphbit_core.errors import ValidationError


def require_text(setting: str, value: Any) -> None:
    """Raises a ValidationError unless ``value`` is text or None."""
    if not isinstance(value, str | None):
        raise ValidationError(f"{setting} is {value!r:.80}; give text, in quotes", field=setting)


def require_number(
    setting: str, value: Any, lowest: float, highest: float | None = None, *, whole: bool = False
) -> None:
    """Raises a ValidationError unless ``value`` is a number within the bounds (which count), or None."""
    if value is None:
        return
    number = not isinstance(value, bool) and isinstance(value, int if whole else int | float)
    if number and lowest <= value and (highest is None or value <= highest):
        return
    bounds = f"at least {lowest}" if highest is None else f"{lowest} to {highest}"
    kind = "a whole number" if whole else "a number"
    raise ValidationError(f"{setting} is {value!r:.80}; it must be {kind}, {bounds}", field=setting)
