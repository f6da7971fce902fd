"""Which plugins are trusted, preferred and in-house, and what they are told.

Trust goes by the name of the distribution. It decides what this process imports; it is not a sandbox: a
plugin that is allowed can do whatever this process can.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from graphbit_core.errors import ConfigError
from graphbit_core.host.faults import check_kind
from graphbit_core.host.records import CORE, Key, Origin, normalized
from graphbit_core.host.reference import Reference
from graphbit_core.nearest import nearest

if TYPE_CHECKING:
    from graphbit_core.host.configured import Configured


_SWITCH = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "": False,
}


@dataclass(frozen=True, slots=True)
class HostSettings:
    """The policy of a host. The defaults allow every plugin and load no in-house ones.

    Attributes:
        allow: Only these distributions and in-house plugins; None: all. Core's own are always allowed.
        deny: Never these, whatever ``allow`` says.
        strict: A broken plugin raises at once, where otherwise it is warned about and left out.
        prefer: Kind and name → the distribution whose component is meant.
        in_house: Kind and name → what it is: ``file.py:Name``, ``module:Name``, or for hooks ``file.py`` or
            ``module``. Its distribution is the file or module as written here.
        settings: Kind and name (or ``name@distribution``) → settings that go over the component's defaults
            and under what it is made with.
        file: The configuration file. Files in ``in_house`` are found from its folder; without one, from the
            working directory.
        models: Files of the registry of models; later ones go before earlier ones.
    """

    allow: frozenset[str] | None = None
    deny: frozenset[str] = frozenset()
    strict: bool = False
    prefer: Mapping[Key, str] = field(default_factory=dict)
    in_house: Mapping[Key, str] = field(default_factory=dict)
    settings: Mapping[Key, Mapping[str, Any]] = field(default_factory=dict, repr=False)  # may hold a key
    file: Path | None = None
    models: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        for kind, _ in (*self.in_house, *self.settings):
            check_kind(kind, plugins=True)
        for (kind, name), reference in self.in_house.items():
            try:
                Reference.read(reference)
            except ValueError as error:
                raise ConfigError(
                    f"in_house[{kind!r}, {name!r}] is wrong: {error}", setting="in_house"
                ) from None

    @classmethod
    def load(cls, start: Path | None = None, environ: Mapping[str, str] | None = None) -> Self:
        """The settings that hold in the folder ``start`` (default: the working directory).

        Read are ``GRAPHBIT_PLUGINS``, ``GRAPHBIT_PLUGINS_DENY``, ``GRAPHBIT_PLUGINS_STRICT``, and the first
        ``graphbit.toml``, or ``pyproject.toml`` with ``[tool.graphbit]``, in the folder or above it. The
        environment's allow list goes before the file's; what either denies is denied.

        Raises:
            ConfigError: The file cannot be read, or a key or value in it is not known.
        """
        from graphbit_core.host.configuration import Configuration

        environ = os.environ if environ is None else environ
        read = Configuration.nearest(start or Path.cwd())
        allow = _names(environ.get("GRAPHBIT_PLUGINS"))
        return cls(
            allow=allow if allow is not None else read.names("allow"),
            deny=(read.names("deny") or frozenset())
            | (_names(environ.get("GRAPHBIT_PLUGINS_DENY")) or frozenset()),
            strict=_switch("GRAPHBIT_PLUGINS_STRICT", environ.get("GRAPHBIT_PLUGINS_STRICT", "")),
            prefer=read.prefer(),
            in_house=read.in_house(),
            settings=read.settings(),
            file=read.file,
            models=tuple(read.file.parent / path for path in read.model_files()),
        )

    def denies(self, origin: Origin) -> str | None:
        """The setting that does not allow it, or None."""
        name = normalized(origin.distribution)
        if name in map(normalized, self.deny):
            return "GRAPHBIT_PLUGINS_DENY or [plugins] deny"
        if self.allow is None or name == CORE or name in map(normalized, self.allow):
            return None
        return "GRAPHBIT_PLUGINS or [plugins] allow"

    def configured(self, origin: Origin) -> Configured:
        """What a component is told here; ``name@distribution`` goes before the name alone."""
        from graphbit_core.host.configured import Configured

        found: tuple[str, Mapping[str, Any]] = origin.name, {}
        for (kind, name), values in self.settings.items():
            bare, at, distribution = name.partition("@")
            if (kind, bare) == (origin.kind, origin.name):
                if at and normalized(distribution) == normalized(origin.distribution):
                    return Configured(origin.kind, name, values, str(self.file or "HostSettings"))
                if not at:
                    found = name, values
        return Configured(origin.kind, *found, str(self.file or "HostSettings"))

    def unmatched(self, known: frozenset[str]) -> list[str]:
        """What is wrong with the names in ``allow``, ``deny`` and ``prefer`` that nobody installed has."""
        names = {normalized(name) for name in known} | {CORE}
        listed = [
            *(("GRAPHBIT_PLUGINS or [plugins] allow", name) for name in self.allow or ()),
            *(("GRAPHBIT_PLUGINS_DENY or [plugins] deny", name) for name in self.deny),
            *(("[plugins.prefer]", name) for name in self.prefer.values()),
        ]
        return [
            f"{setting} lists {name!r}, and no installed plugin has that name{nearest(name, known)}"
            for setting, name in sorted(listed)
            if normalized(name) not in names
        ]

    def unoffered(self, offered: Iterable[Key]) -> list[str]:
        """What is wrong with the names in ``settings`` that no component has.

        Args:
            offered: Kind and name of everything there is, what hooks register included.
        """
        there = set(offered)
        problems = []
        for kind, name in sorted(self.settings):
            if (kind, name.partition("@")[0]) not in there:
                near = nearest(name, {other for its, other in there if its == kind})
                problems.append(f"[plugins.settings] names {kind} {name!r}, which nobody offers{near}")
        return problems


def _names(value: str | None) -> frozenset[str] | None:
    return None if value is None else frozenset(value.replace(",", " ").split())


def _switch(variable: str, value: str) -> bool:
    if value.lower() not in _SWITCH:
        raise ConfigError(f"{variable} must be 1 or 0, not {value!r}", setting=variable, source="environment")
    return _SWITCH[value.lower()]
