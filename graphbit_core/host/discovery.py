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
class Stray:
    """Entry points in a group that starts like ours and is none: nobody finds what they offer."""

    distribution: str
    version: str
    group: str


@dataclass(frozen=True, slots=True)
class Scan:
    """What one scan found.

    Attributes:
        distributions: By order of ``sys.path``; of two with one name, the first.
        duplicates: The others of the same name, which Python would not import either.
        unreadable: Where metadata could not be read, and why.
        strays: Groups of entry points that do not exist.
    """

    distributions: tuple[Installed, ...] = ()
    duplicates: tuple[Installed, ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()
    strays: tuple[Stray, ...] = ()


def scan(path: Sequence[str] | None = None) -> Scan:
    """Scans the distributions on ``path`` (default: ``sys.path``)."""
    if path is not None and not path:
        return Scan()
    import importlib_metadata  # here: 30 ms that only the host's first use should cost

    places: dict[str, Any] = {} if path is None else {"path": list(path)}
    found: dict[str, Installed] = {}
    duplicates: list[Installed] = []
    unreadable: list[tuple[str, str]] = []
    strays: list[Stray] = []
    for handle in importlib_metadata.distributions(**places):
        try:
            installed = _read(handle, strays)
        except (ValueError, OSError, TypeError) as error:
            unreadable.append((str(handle), f"{type(error).__name__}: {error}"))
            continue
        if installed is None:
            continue
        first = found.setdefault(normalized(installed.name), installed)
        if first is not installed and _identity(first) != _identity(installed):
            duplicates.append(installed)
    return Scan(tuple(found.values()), tuple(duplicates), tuple(unreadable), tuple(strays))


def _read(handle: IDistribution, strays: list[Stray]) -> Installed | None:
    text = handle.read_text("entry_points.txt")
    if not text or "graphbit" not in text:
        return None
    entries, unknown = _entries(text)
    if not entries and not unknown:
        return None
    name, version = _name_and_version(handle)
    strays += [Stray(name, version, group) for group in unknown]
    offers = tuple(Origin(kind, label, name, version, value) for (kind, label), value in entries.items())
    return Installed(name, version, offers, str(handle.locate_file("")), handle) if offers else None


def _entries(text: str) -> tuple[dict[tuple[str, str], str], list[str]]:
    """Kind and name → reference, and unknown groups. The library would read the file a second time."""
    entries, unknown = {}, []
    kind = None
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            group = line.strip("[]").strip()
            kind = KIND_OF_GROUP.get(group)
            if kind is None and group.startswith("graphbit"):
                unknown.append(group)
        elif kind and line and line[0] not in "#;":
            name, _, reference = line.partition("=")
            entries[kind, name.strip()] = reference.strip()
    return entries, unknown


def _name_and_version(handle: IDistribution) -> tuple[str, str]:
    """Reads two headers. The library's own way parses the whole file, with the README in it."""
    text = handle.read_text("METADATA") or handle.read_text("PKG-INFO") or ""
    headers = dict(reversed(_HEADER.findall(text.partition("\n\n")[0])))
    if not headers.get("Name"):
        raise ValueError("its metadata has no Name")
    return headers["Name"], headers.get("Version", "unknown")


def _identity(installed: Installed) -> tuple[str, str]:
    return os.path.realpath(installed.location), installed.version
