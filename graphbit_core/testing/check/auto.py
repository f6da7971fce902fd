"""Conformance classes for components that no class of their own tests covers: ``graphbit plugins check``.

pytest collects this module; ``prepare`` has put the classes into it by then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from graphbit_core.errors import ConfigError
from graphbit_core.testing.kinds import CONFORMANCE, alone, conformance_of, flavour_of
from graphbit_core.testing.rules.component import ComponentConformance, DeclaredConformance


def prepare(components: Mapping[str, tuple[str, Any]]) -> None:
    """Makes a class for each component: the nearest to its kind's that needs nothing to be given.

    Args:
        components: Name of the class to be made → kind and component.
    """
    for name, (kind, component) in components.items():
        base = alone(kit_class(kind, component), component)
        globals()[name] = _made(name, base, kind, component)


def kit_class(kind: str, component: Any, own: type | None = None) -> type[DeclaredConformance]:
    """The class whose rules hold for it, ``own`` being the class that its author wrote, if any."""
    if own is not None:
        for of_kind, flavour in CONFORMANCE:
            if of_kind == kind and issubclass(own, found := conformance_of(kind, flavour)):
                return found
    return conformance_of(kind, flavour_of(kind, component))


def rules_of(base: type) -> list[str]:
    """The names of its rules."""
    return [name for name in dir(base) if name.startswith("test_")]


def _made(name: str, base: type[DeclaredConformance], kind: str, component: Any) -> type:
    members = {"__module__": __name__, "kind": kind, "component": component}
    if not issubclass(base, ComponentConformance):  # it makes no instance
        return type(name, (base,), members)
    makes = base.make

    def make(self: ComponentConformance, **settings: Any) -> Any:
        try:
            return makes(self, **settings)
        except ConfigError:
            try:
                makes(self)
            except ConfigError as error:  # of a key or an address that nobody gave it
                pytest.skip(f"it cannot be made without `settings`: {error.message}")
            raise

    return type(name, (base,), {**members, "make": make})
