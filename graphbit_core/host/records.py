"""What the host knows about a component: who offers it, where it is, and what came of loading it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

Source = Literal["installed", "in-house", "hook", "code"]
"""``installed``: an entry point. ``in-house``: named in the configuration. ``hook``:
registered by a plugin's ``graphbit_register_components``. ``code``: handed over with ``Host.add``."""

State = Literal["available", "loaded", "failed", "denied", "conflict"]

PLUGIN = "plugin"
"""The kind under which modules of hooks are listed, beside the kinds of components."""

CORE = "graphbit-core"
"""The distribution whose components are always allowed: it is running already."""

Key = tuple[str, str]
"""Kind and name of a component."""

Told = tuple[str, str]
"""What is wrong, and what mends it."""


def normalized(distribution: str) -> str:
    """The name by which package indexes compare distributions: ``Foo_Bar`` is ``foo-bar``."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


@dataclass(frozen=True, slots=True)
class Origin:
    """Who offers a component, and where it is.

    Attributes:
        distribution: The distribution's name; for in-house plugins the module or file as configured.
        entry_point: ``module:attribute`` or ``file:attribute``; None for an object given by code.
        configured_in: The configuration file that names it, of an in-house one.
    """

    kind: str
    name: str
    distribution: str
    version: str | None = None
    entry_point: str | None = None
    source: Source = "installed"
    configured_in: str | None = None

    def facts(self) -> dict[str, Any]:
        """The facts that every PluginError carries."""
        return {
            "kind": self.kind,
            "name": self.name,
            "distribution": self.distribution,
            "version": self.version,
            "entry_point": self.entry_point,
        }

    def __str__(self) -> str:
        version = f" {self.version}" if self.version else ""
        where = f" ({self.entry_point})" if self.entry_point not in (None, self.distribution) else ""
        of = f" of {self.distribution}{version}" if self.distribution != self.name else ""
        return f"{self.kind} {self.name!r}{of}{where}"


@dataclass(frozen=True, slots=True)
class ComponentInfo:
    """One line of ``Host.list``.

    Attributes:
        kind: A kind of component, or ``plugin`` for a module of hooks.
        error: Why it cannot be used, for the states ``failed``, ``denied`` and ``conflict``.
        configured_in: The configuration file that names it, of an in-house one.
    """

    kind: str
    name: str
    distribution: str
    version: str | None
    entry_point: str | None
    source: Source
    state: State
    error: str | None = None
    configured_in: str | None = None

    @property
    def origin(self) -> Origin:
        """Who offers it."""
        place = self.distribution, self.version, self.entry_point, self.source, self.configured_in
        return Origin(self.kind, self.name, *place)


@dataclass(frozen=True, slots=True)
class Registration:
    """A component that a plugin's ``graphbit_register_components`` adds.

    Attributes:
        component: A class, a function that makes one, or a frozen row of data.
        replaces: The distribution whose component of this kind and name it stands in for.
    """

    kind: str
    name: str
    component: Any
    replaces: str | None = None
