"""Makes instances of components."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from graphbit_core.host.arguments import check_arguments
from graphbit_core.host.checks import is_row


def make(kind: str, name: str, component: Any, settings: Mapping[str, Any]) -> Any:
    """An instance with these settings.

    A class or function is called. A row comes back with ``settings`` in place of its own fields. A ready
    object, such as a tool, takes none.

    Raises:
        ValidationError: A setting is unknown or missing.
    """
    maker = _maker(component)
    check_arguments(kind, name, maker, settings)
    return maker(**settings)


def _maker(component: Any) -> Callable[..., Any]:
    if is_row(component):
        fields = [field.name for field in dataclasses.fields(component) if field.init]
        row: Callable[..., Any] = type(component)
        return partial(row, **{field: getattr(component, field) for field in fields})
    if not isinstance(component, type) and hasattr(component, "graphbit_api"):
        return lambda: component
    made: Callable[..., Any] = component
    return made
