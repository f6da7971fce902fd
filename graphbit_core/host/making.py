"""Makes instances of components."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

from graphbit_core.host.arguments import checker
from graphbit_core.host.checks import is_row, is_template


def maker(kind: str, name: str, component: Any) -> Callable[..., Any]:
    """What makes an instance with the settings it is called with.

    A class, a function or a row that can be called is called. Another row comes back with the settings in
    place of its own fields. A ready object, such as a tool, takes none. A setting that is unknown or missing
    is a ValidationError.
    """
    made = _maker(component)
    fits = checker(kind, name, made)

    def make(**settings: Any) -> Any:
        fits(settings)
        return made(**settings)

    return make


def _maker(component: Any) -> Callable[..., Any]:
    if is_template(component):
        fields = [field.name for field in dataclasses.fields(component) if field.init]
        row: Callable[..., Any] = type(component)
        return partial(row, **{field: getattr(component, field) for field in fields})
    if not isinstance(component, type) and hasattr(component, "graphbit_api") and not is_row(component):
        return lambda: component
    made: Callable[..., Any] = component
    return made
