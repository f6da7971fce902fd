"""Which plugins are trusted and preferred: from the environment and the nearest configuration file.

Trust goes by the name of the distribution. It decides what this process imports; it is not a sandbox: a
plugin that is allowed can do whatever this process can.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from graphbit_core.errors import ConfigError
from graphbit_core.host.faults import check_kind
from graphbit_core.host.records import CORE, Origin, normalized
from graphbit_core.nearest import nearest

_TABLES = ("plugins", "models")
_KEYS = ("allow", "deny", "prefer", "modules", "paths")
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
        modules: In-house plugins by module name.
        paths: In-house plugins by file.
        models: Files of the registry of models; later ones go before earlier ones.
    """

    allow: frozenset[str] | None = None
    deny: frozenset[str] = frozenset()
    strict: bool = False
    prefer: Mapping[tuple[str, str], str] = field(default_factory=dict)
    modules: tuple[str, ...] = ()
    paths: tuple[Path, ...] = ()
    models: tuple[Path, ...] = ()

    @classmethod
    def load(cls, start: Path | None = None, environ: Mapping[str, str] | None = None) -> Self:
        """The settings that hold in the folder ``start`` (default: the working directory).

        Read are ``GRAPHBIT_PLUGINS``, ``GRAPHBIT_PLUGINS_DENY``, ``GRAPHBIT_PLUGINS_STRICT``, and the first
        ``graphbit.toml``, or ``pyproject.toml`` with ``[tool.graphbit]``, in the folder or above it. The
        environment's allow list goes before the file's; what either denies is denied.

        Raises:
            ConfigError: The file cannot be read, or a key or value in it is not known.
        """
        environ = os.environ if environ is None else environ
        file, table = _find(start or Path.cwd())
        reader = _Reader(file, table)
        allow = _names(environ.get("GRAPHBIT_PLUGINS"))
        return cls(
            allow=allow if allow is not None else reader.optional_names("allow"),
            deny=(reader.optional_names("deny") or frozenset())
            | (_names(environ.get("GRAPHBIT_PLUGINS_DENY")) or frozenset()),
            strict=_switch("GRAPHBIT_PLUGINS_STRICT", environ.get("GRAPHBIT_PLUGINS_STRICT", "")),
            prefer=reader.prefer(),
            modules=tuple(reader.strings("modules")),
            paths=tuple(file.parent / path for path in reader.strings("paths")),
            models=tuple(file.parent / path for path in reader.model_files()),
        )

    def denies(self, origin: Origin) -> str | None:
        """The setting that does not allow it, or None."""
        name = normalized(origin.distribution)
        if name in map(normalized, self.deny):
            return "GRAPHBIT_PLUGINS_DENY or [plugins] deny"
        if self.allow is None or name == CORE or name in map(normalized, self.allow):
            return None
        return "GRAPHBIT_PLUGINS or [plugins] allow"

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


class _Reader:
    """Reads the tables ``[plugins]`` and ``[models]`` and says where a wrong value stands."""

    def __init__(self, file: Path, table: Mapping[str, Any]) -> None:
        self._file = file
        self._known(table, _TABLES, "")
        self._table = self._mapping(table.get("plugins", {}), "plugins")
        self._known(self._table, _KEYS, "plugins.")
        self._models = self._mapping(table.get("models", {}), "models")
        self._known(self._models, ("files",), "models.")

    def strings(self, key: str) -> list[str]:
        return self._names(f"plugins.{key}", self._table.get(key, []))

    def model_files(self) -> list[str]:
        return self._names("models.files", self._models.get("files", []))

    def _names(self, key: str, value: Any) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise self._wrong(key, f"must be a list of names, not {value!r}")
        return value

    def optional_names(self, key: str) -> frozenset[str] | None:
        return frozenset(self.strings(key)) if key in self._table else None

    def prefer(self) -> dict[tuple[str, str], str]:
        preferred: dict[tuple[str, str], str] = {}
        for kind, names in self._mapping(self._table.get("prefer", {}), "plugins.prefer").items():
            try:
                check_kind(kind)
            except ConfigError as error:
                raise self._wrong(f"plugins.prefer.{kind}", error.message) from None
            for name, distribution in self._mapping(names, f"plugins.prefer.{kind}").items():
                if not isinstance(distribution, str):
                    raise self._wrong(f"plugins.prefer.{kind}.{name}", "must be a distribution's name")
                preferred[kind, name] = distribution
        return preferred

    def _mapping(self, value: Any, key: str) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise self._wrong(key, f"must be a table, not {value!r}")
        return value

    def _known(self, table: Mapping[str, Any], keys: tuple[str, ...], prefix: str) -> None:
        for key in table:
            if key not in keys:
                near = nearest(key, keys) or f" (known: {', '.join(keys)})"
                raise self._wrong(prefix + key, f"is not a known key{near}")

    def _wrong(self, key: str, problem: str) -> ConfigError:
        return ConfigError(f"{self._file}: {key} {problem}", setting=key, source=str(self._file))


def _find(start: Path) -> tuple[Path, Mapping[str, Any]]:
    for folder in (start.absolute(), *start.absolute().parents):
        own = folder / "graphbit.toml"
        if own.is_file():
            return own, _parsed(own)
        project = folder / "pyproject.toml"
        if project.is_file():
            tool = _parsed(project).get("tool", {})
            if "graphbit" in tool:
                return project, tool["graphbit"]
    return start / "graphbit.toml", {}


def _parsed(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file} cannot be read: {error}", source=str(file)) from error


def _names(value: str | None) -> frozenset[str] | None:
    return None if value is None else frozenset(value.replace(",", " ").split())


def _switch(variable: str, value: str) -> bool:
    if value.lower() not in _SWITCH:
        raise ConfigError(f"{variable} must be 1 or 0, not {value!r}", setting=variable, source="environment")
    return _SWITCH[value.lower()]
