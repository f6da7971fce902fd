"""One source of the registry: a file or the environment, checked key by key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphbit_core.errors import ConfigError
from graphbit_core.llm.models.fields import CONNECTION, INNER, TABLES, Check, reference
from graphbit_core.llm.models.yaml_file import Table, plain, read_table
from graphbit_core.nearest import nearest

PREFIX = "GRAPHBIT_MODEL_"
SECRET = re.compile(r"(?i)(key|token|secret|password|authorization|credentials?)$")
"""In the names of settings that must not stand in a file."""
_NAME = re.compile(r"[^\s:]+")

Entries = Mapping[str, Mapping[str, Any]]
"""Name → what is said about it."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What one source says.

    Attributes:
        source: The file, or ``environment``.
        models: ``provider:model`` → its fields.
        aliases: Alias → its fields.
        providers: Provider → its fields.
        lines: Table, name and field → the line in the file.
    """

    source: str
    models: Entries = field(default_factory=dict)
    aliases: Entries = field(default_factory=dict)
    providers: Entries = field(default_factory=dict)
    lines: Mapping[tuple[str, str, str], int] = field(default_factory=dict)

    def place(self, table: str, name: str, key: str) -> str:
        """Where it says ``key`` of an entry."""
        line = self.lines.get((table, name, key))
        return self.source if line is None else f"{self.source}, line {line}"


def file_layer(path: Path) -> Layer:
    """What a file says.

    Raises:
        ConfigError: It cannot be read, a key in it is not known, or a value is wrong; it names the line.
    """
    return _Checker(path).layer(read_table(path))


def environment_layer(environ: Mapping[str, str]) -> Layer:
    """The aliases that ``GRAPHBIT_MODEL_<ALIAS>`` name.

    Raises:
        ConfigError: One of them is empty.
    """
    aliases = {}
    for variable, value in environ.items():
        if not variable.startswith(PREFIX) or variable == PREFIX:
            continue
        if not value.strip():
            message = f"the environment variable {variable} is empty; give it provider:model, or unset it"
            raise ConfigError(message, setting=variable, source="environment")
        aliases[variable.removeprefix(PREFIX).lower().replace("_", "-")] = {"model": value.strip()}
    return Layer("environment", aliases=aliases)


class _Checker:
    """Takes a file apart and says where it is wrong."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: dict[tuple[str, str, str], int] = {}

    def layer(self, tables: Table) -> Layer:
        self._known(tables, TABLES, "")
        checked = {
            name: self._entries(name, self._table(tables[name], name, tables.lines[name]))
            for name in tables
            if tables[name] is not None
        }
        return Layer(str(self._path), **checked, lines=self._lines)

    def _entries(self, table: str, entries: Table) -> Entries:
        found = {}
        for name, entry in entries.items():
            line = entries.lines[name]
            self._check_name(table, name, line)
            if table == "aliases" and isinstance(entry, str):
                short, entry = entry, Table()
                entry["model"], entry.lines["model"] = short, line
            found[name] = self._entry(table, name, self._table(entry, f"{table}.{name}", line))
        return found

    def _check_name(self, table: str, name: str, line: int) -> None:
        if table == "models":
            provider, _, model = name.partition(":")
            if not provider or not model:
                raise self._wrong(f"models.{name}", "must be named provider:model", line)
        elif not _NAME.fullmatch(name):
            raise self._wrong(f"{table}.{name}", "must have a name without colons and spaces", line)

    def _entry(self, table: str, name: str, entry: Table) -> dict[str, Any]:
        where = f"{table}.{name}."
        self._known(entry, TABLES[table], where)
        for key, value in entry.items():
            line = entry.lines[key]
            self._lines[table, name, key] = line
            self._check(TABLES[table][key], value, where + key, line)
            if key in INNER:
                self._known(value, INNER[key], f"{where}{key}.")
                for inner, item in value.items():
                    self._check(INNER[key][inner], item, f"{where}{key}.{inner}", value.lines[inner])
            elif key == "settings":
                self._check_settings(value, f"{where}{key}.")
        return {key: plain(value) for key, value in entry.items()}

    def _check_settings(self, settings: Table, where: str) -> None:
        """No key stands in a file, and what all providers share is not said in two places."""
        for key, value in settings.items():
            line = settings.lines[key]
            if key in CONNECTION:
                raise self._wrong(where + key, f"stands beside 'settings', as {key}: …", line)
            if isinstance(value, Table):
                self._check_settings(value, f"{where}{key}.")
            elif SECRET.search(key) and isinstance(value, str):
                self._check(reference, value, where + key, line)

    def _check(self, check: Check, value: Any, key: str, line: int) -> None:
        if problem := check(value):
            # The value of what must be a reference may be a key.
            shown = "" if check is reference else f", not {value!r:.80}"
            raise self._wrong(key, problem + shown, line)

    def _known(self, table: Table, keys: Mapping[str, Any], prefix: str) -> None:
        for key in table:
            if key not in keys:
                near = nearest(key, keys) or f" (known: {', '.join(keys)})"
                raise self._wrong(prefix + key, f"is not a known key{near}", table.lines[key])

    def _table(self, value: Any, key: str, line: int) -> Table:
        if not isinstance(value, Table):
            raise self._wrong(key, f"must be a mapping, not {value!r:.80}", line)
        return value

    def _wrong(self, key: str, problem: str, line: int) -> ConfigError:
        place = f"{self._path}, line {line}"
        return ConfigError(f"{place}: {key} {problem}", setting=key, source=place)
