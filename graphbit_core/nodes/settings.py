"""Checks of settings that the node types share; a workflow file may hold anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphbit_core.errors import ValidationError
from graphbit_core.nearest import nearest
from graphbit_core.workflow.workflow import Workflow


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


def require_choice(setting: str, value: Any, known: Sequence[str]) -> None:
    """Raises a ValidationError unless ``value`` is one of ``known``."""
    if value not in known:
        hint = nearest(value, known) if isinstance(value, str) else ""
        raise ValidationError(
            f"{setting} is {value!r:.80}; it is one of {', '.join(known)}{hint}", field=setting
        )


def require_one_of(**settings: Any) -> None:
    """Raises a ValidationError unless exactly one of the settings is given."""
    if sum(value is not None for value in settings.values()) != 1:
        given = [name for name, value in settings.items() if value is not None]
        names = list(settings)
        problem = f"give {', '.join(names[:-1])} or {names[-1]}" + (
            f", one of them; {' and '.join(given)} are given" if given else ""
        )
        raise ValidationError(problem, field=given[0] if given else names[0])


def require_workflow(setting: str, value: Any) -> None:
    """Raises a ValidationError unless ``value`` is a workflow."""
    if not isinstance(value, Workflow):
        raise ValidationError(
            f"{setting} is a {type(value).__name__}; give a Workflow or a Node, in a file "
            "{nodes: …, edges: …}",
            field=setting,
        )
