"""Reads which distributions offer components. Metadata only: nothing is imported."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphbit_core.contracts import ENTRY_POINT_GROUPS, HOOK_GROUP
from graphbit_core.host.records import PLUGIN, Origin, normalized

if TYPE_CHECKING:
    from importlib_metadata import IDistribution

KIND_OF_GROUP = {HOOK_GROUP: PLUGIN, **{group: kind for kind, group in ENTRY_POINT_GROUPS.items()}}

_HEADER = re.compile(r"^(Name|Version):[ \t]*(.*?)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Installed:
    """A distribution that offers components.

    Attributes:
        offers: One per entry point, in the order of its metadata.
        location: The folder it is installed in.
        handle: The distribution as importlib_metadata sees it, for what is rarely asked.
    """

    name: str
    version: str
    offers: tuple[Origin, ...]
    location: str
    handle: IDistribution


@dataclass(frozen=True, slots=True)
class Scan:
    """What one scan found.

    Attributes:
        distributions: By order of ``sys.path``; of two with one name, the first.
        duplicates: The others of the same name, which Python would not import either.
        unreadable: Where metadata could not be read, and why.
    """

    distributions: tuple[Installed, ...] = ()
    duplicates: tuple[Installed, ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()


def scan(path: Sequence[str] | None = None) -> Scan:
    """Scans the distributions on ``path`` (default: ``sys.path``)."""
    if path is not None and not path:
        return Scan()
    import importlib_metadata  # here: 30 ms that only the host's first use should cost

    places: dict[str, Any] = {} if path is None else {"path": list(path)}
    found: dict[str, Installed] = {}
    duplicates: list[Installed] = []
    unreadable: list[tuple[str, str]] = []
    for handle in importlib_metadata.distributions(**places):
        try:
            installed = _read(handle)
        except (ValueError, OSError, TypeError) as error:
            unreadable.append((str(handle), f"{type(error).__name__}: {error}"))
            continue
        if installed is None:
            continue
        first = found.setdefault(normalized(installed.name), installed)
        if first is not installed and _identity(first) != _identity(installed):
            duplicates.append(installed)
    return Scan(tuple(found.values()), tuple(duplicates), tuple(unreadable))


def _read(handle: IDistribution) -> Installed | None:
    text = handle.read_text("entry_points.txt")
    if not text or "graphbit." not in text:
        return None
    entries = _entries(text)
    if not entries:
        return None
    name, version = _name_and_version(handle)
    offers = tuple(Origin(kind, label, name, version, value) for (kind, label), value in entries.items())
    return Installed(name, version, offers, str(handle.locate_file("")), handle)


def _entries(text: str) -> dict[tuple[str, str], str]:
    """Kind and name → reference. The library would read the file a second time."""
    entries = {}
    kind = None
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            kind = KIND_OF_GROUP.get(line.strip("[]").strip())
        elif kind and line and line[0] not in "#;":
            name, _, reference = line.partition("=")
            entries[kind, name.strip()] = reference.strip()
    return entries


def _name_and_version(handle: IDistribution) -> tuple[str, str]:
    """Reads two headers. The library's own way parses the whole file, with the README in it."""
    text = handle.read_text("METADATA") or handle.read_text("PKG-INFO") or ""
    headers = dict(reversed(_HEADER.findall(text.partition("\n\n")[0])))
    if not headers.get("Name"):
        raise ValueError("its metadata has no Name")
    return headers["Name"], headers.get("Version", "unknown")


def _identity(installed: Installed) -> tuple[str, str]:
    return os.path.realpath(installed.location), installed.version
