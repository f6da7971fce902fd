"""The entry of an in-house plugin in ``graphbit.toml``."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphbit_core.cli.plugins.naming import Names
from graphbit_core.errors import ConfigError
from graphbit_core.host.configuration import Configuration


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of configuration, and the file that gets it.

    Attributes:
        file: ``graphbit.toml``, or ``pyproject.toml`` with ``[tool.graphbit]``.
        table: The table it belongs into.
        line: The line itself.
        place: The plugin's file, as the line has it.
        text: What the file holds with it; None if a program cannot be sure of that.
    """

    file: Path
    table: str
    line: str
    place: str
    text: str | None

    def write(self) -> None:
        """Adds it, if it can be added. Raises ConfigError if the file cannot be written."""
        if self.text is None:
            return
        try:
            self.file.write_bytes(self.text.encode())
        except OSError as error:
            raise ConfigError(
                f"{self.file} cannot be written ({error}); add this to it:\n[{self.table}]\n{self.line}",
                source=str(self.file),
            ) from error


def entry_for(names: Names, folder: Path) -> Entry:
    """The entry for a plugin whose file is in ``folder``, in the configuration that holds there.

    Raises:
        ConfigError: The configuration cannot be read or is wrong, or has an in-house plugin of that name.
    """
    configuration = Configuration.nearest(folder)
    file, key = configuration.file, (names.kind, names.name)
    prefix = ("tool", "graphbit") if file.name == "pyproject.toml" else ()
    table = ".".join((*prefix, "plugins", "in_house"))
    if key in configuration.in_house():
        dotted = f"{table}.{'.'.join(key)}"
        raise ConfigError(f"{file} has {dotted} already; choose another name", setting="name")
    beside = Path(os.path.relpath(folder.absolute(), file.parent))
    reference = (beside / names.reference).as_posix()
    line = f'{names.kind}.{names.name} = "{reference}"'
    old = file.read_bytes().decode() if file.is_file() else ""
    wanted = _with(tomllib.loads(old), (*prefix, "plugins", "in_house", *key), reference)
    added = next((text for text in _additions(old, table, line) if _means(text, wanted)), None)
    return Entry(file, table, line, reference.partition(":")[0], added)


def _with(table: dict[str, Any], keys: tuple[str, ...], value: str) -> dict[str, Any]:
    """What the file means with the entry in it."""
    held = table
    for key in keys[:-1]:
        held = held.setdefault(key, {})
    held[keys[-1]] = value
    return table


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
