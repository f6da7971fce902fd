"""The entry of an in-house plugin in ``graphbit.toml``."""

from __future__ import annotations

import copy
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphbit_core.cli.plugins.naming import Names
from graphbit_core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of configuration, and the file that gets it.

    Attributes:
        file: ``graphbit.toml``, or ``pyproject.toml`` with ``[tool.graphbit]``.
        table: The table it belongs into.
        line: The line itself.
        text: What the file holds with it; None if a program cannot be sure of that.
    """

    file: Path
    table: str
    line: str
    text: str | None

    def write(self) -> None:
        """Adds it, if it can be added."""
        if self.text is not None:
            self.file.write_bytes(self.text.encode())


def entry_for(names: Names, folder: Path) -> Entry:
    """The entry for a plugin whose file is in ``folder``, in the configuration that holds there.

    Raises:
        ConfigError: The configuration cannot be read, or has an in-house plugin of that name.
    """
    file, prefix = _configuration(folder.absolute())
    old = file.read_bytes().decode() if file.is_file() else ""
    keys = (*prefix, "plugins", "in_house", names.kind, names.name)
    beside = os.path.relpath(folder.absolute(), file.parent)
    reference = names.reference if beside == "." else f"{Path(beside).as_posix()}/{names.reference}"
    line = f'{names.kind}.{names.name} = "{reference}"'
    table = ".".join(keys[:-2])
    wanted = _with(_parsed(old, file), keys, reference, file)
    added = next((text for text in _additions(old, table, line) if _means(text, wanted)), None)
    return Entry(file, table, line, added)


def _configuration(folder: Path) -> tuple[Path, tuple[str, ...]]:
    """The file that holds in the folder, as ``HostSettings.load`` finds it, and its tables' prefix."""
    for place in (folder, *folder.parents):
        own, project = place / "graphbit.toml", place / "pyproject.toml"
        if own.is_file():
            return own, ()
        if project.is_file() and "graphbit" in _parsed(project.read_bytes().decode(), project).get(
            "tool", {}
        ):
            return project, ("tool", "graphbit")
    return folder / "graphbit.toml", ()


def _parsed(text: str, file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except ValueError as error:
        raise ConfigError(f"{file} cannot be read: {error}", source=str(file)) from error


def _with(old: dict[str, Any], keys: tuple[str, ...], value: str, file: Path) -> dict[str, Any]:
    new = copy.deepcopy(old)
    table = new
    for key in keys[:-1]:
        table = table.setdefault(key, {})
        if not isinstance(table, dict):
            raise ConfigError(f"{file}: {key} must be a table, not {table!r}", source=str(file))
    if keys[-1] in table:
        key = ".".join(keys)
        raise ConfigError(f"{file} has {key} already; choose another name", setting=key, source=str(file))
    table[keys[-1]] = value
    return new


def _additions(old: str, table: str, line: str) -> list[str]:
    """Ways in which the line may be added; which of them is right, TOML says."""
    end = "\r\n" if "\r\n" in old else "\n"
    header = re.compile(rf"^[ \t]*\[{re.escape(table)}\][^\r\n]*(\r?\n|$)", re.M)
    found = header.search(old)
    first = [] if found is None else [f"{found.group().rstrip()}{end}{line}{end}"]
    below = [old[: found.start()] + text + old[found.end() :] for text in first if found is not None]
    before = old.rstrip() + end * 2 if old.strip() else ""
    return [*below, f"{before}[{table}]{end}{line}{end}"]


def _means(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except ValueError:
        return False
