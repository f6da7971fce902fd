"""Reads the nearest configuration file, and says where in it a wrong key or value stands."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from graphbit_core.errors import ConfigError
from graphbit_core.host.faults import check_kind
from graphbit_core.host.records import Key
from graphbit_core.host.reference import Reference
from graphbit_core.nearest import nearest

_TABLES = ("plugins", "models")
_KEYS = ("allow", "deny", "prefer", "in_house", "settings")


class Configuration:
    """The tables ``[plugins]`` and ``[models]`` of a file. What asks for a part checks that part.

    Attributes:
        file: The file; where there is none, the one that could be written.
    """

    def __init__(self, file: Path, table: Mapping[str, Any]) -> None:
        self.file = file
        self._known(table, _TABLES, "")
        self._table = self._mapping(table.get("plugins", {}), "plugins")
        self._known(self._table, _KEYS, "plugins.")
        self._models = self._mapping(table.get("models", {}), "models")
        self._known(self._models, ("files",), "models.")

    @classmethod
    def nearest(cls, start: Path) -> Self:
        """The nearest one to a folder, in it or above it: ``graphbit.toml``, or ``[tool.graphbit]`` in
        ``pyproject.toml``.

        Raises:
            ConfigError: The file cannot be read, or has a table or key that is not known.
        """
        return cls(*_find(start))

    def names(self, key: str) -> frozenset[str] | None:
        """``allow`` or ``deny``; None if it is not there."""
        if key not in self._table:
            return None
        return frozenset(self._strings(f"plugins.{key}", self._table[key]))

    def model_files(self) -> list[str]:
        """The files of the registry of models, as written."""
        return self._strings("models.files", self._models.get("files", []))

    def prefer(self) -> dict[Key, str]:
        """Kind and name → distribution."""
        preferred = {}
        for kind, name, distribution in self._by_name("prefer"):
            if not isinstance(distribution, str):
                raise self._wrong(f"plugins.prefer.{kind}.{name}", "must be a distribution's name")
            preferred[kind, name] = distribution
        return preferred

    def in_house(self) -> dict[Key, str]:
        """Kind and name → reference, as written."""
        found = {}
        for kind, name, reference in self._by_name("in_house", plugins=True):
            key = f"plugins.in_house.{kind}.{name}"
            if not isinstance(reference, str):
                forms = "'file.py:Name' or 'module:Name'"
                raise self._wrong(
                    key, f"must be {forms}, not {reference!r:.60} (a name with a dot in it needs quotes)"
                )
            try:
                Reference.read(reference)
            except ValueError as error:
                raise self._wrong(key, f"is wrong: {error}") from None
            found[kind, name] = reference
        return found

    def settings(self) -> dict[Key, Mapping[str, Any]]:
        """Kind and name → settings."""
        return {
            (kind, name): self._mapping(settings, f"plugins.settings.{kind}.{name}")
            for kind, name, settings in self._by_name("settings", plugins=True)
        }

    def _by_name(self, table: str, *, plugins: bool = False) -> Iterator[tuple[str, str, Any]]:
        for kind, names in self._mapping(self._table.get(table, {}), f"plugins.{table}").items():
            try:
                check_kind(kind, plugins=plugins)
            except ConfigError as error:
                raise self._wrong(f"plugins.{table}.{kind}", error.message) from None
            for name, value in self._mapping(names, f"plugins.{table}.{kind}").items():
                yield kind, name, value

    def _strings(self, key: str, value: Any) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise self._wrong(key, f"must be a list of names, not {value!r}")
        return value

    def _mapping(self, value: Any, key: str) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise self._wrong(key, f"must be a table, not {type(value).__name__}")
        return value

    def _known(self, table: Mapping[str, Any], keys: tuple[str, ...], prefix: str) -> None:
        for key in table:
            if key not in keys:
                near = nearest(key, keys) or f" (known: {', '.join(keys)})"
                raise self._wrong(prefix + key, f"is not a known key{near}")

    def _wrong(self, key: str, problem: str) -> ConfigError:
        return ConfigError(f"{self.file}: {key} {problem}", setting=key, source=str(self.file))


def _find(start: Path) -> tuple[Path, Any]:
    for folder in (start.absolute(), *start.absolute().parents):
        own = folder / "graphbit.toml"
        if own.is_file():
            return own, _parsed(own)
        project = folder / "pyproject.toml"
        if project.is_file():
            tool = _parsed(project).get("tool", {})
            if "graphbit" in tool:
                return project, tool["graphbit"]
    return start.absolute() / "graphbit.toml", {}


def _parsed(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file} cannot be read: {error}", source=str(file)) from error
