"""What a distribution's metadata says beyond its entry points, and what can be wrong with it."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from graphbit_core.host.discovery import KIND_OF_GROUP, Installed, Scan, Stray
from graphbit_core.host.records import Told, normalized
from graphbit_core.nearest import nearest

if TYPE_CHECKING:
    from importlib_metadata import IDistribution


def faults_of(installed: Installed) -> Iterable[Told]:
    """Requirements that are not met, and metadata that no longer says what the project does."""
    fix = f"pip install --upgrade {shlex.quote(installed.name)}"
    for requirement in installed.handle.requires or ():
        if problem := _unmet(requirement):
            yield f"requires {problem}", fix
    yield from _stale(installed)


def doubles(scan: Scan) -> Iterable[tuple[Installed, str, str]]:
    """Second copies of a distribution, with what is wrong and what mends it."""
    used = {normalized(installed.name): installed for installed in scan.distributions}
    for double in scan.duplicates:
        first = used[normalized(double.name)]
        if Path(double.location).resolve() == Path(first.location).resolve():
            place = getattr(double.handle, "_path", double.location)  # importlib_metadata has no public name
            message = f"its metadata lies in {first.location} a second time, beside that of {first.version}"
            yield double, f"{message}, so its version is a matter of chance", f"remove {place}"
        else:
            message = (
                f"a second copy, in {double.location}, is never used: {first.version} in {first.location}"
            )
            yield double, f"{message} comes first on the path", f"remove it from {double.location}"


def strays(scan: Scan) -> Iterable[tuple[Stray, str, str]]:
    """Groups of entry points that do not exist, with what is wrong and what mends it."""
    for stray in scan.strays:
        near = nearest(stray.group, KIND_OF_GROUP) or f" (there are: {', '.join(KIND_OF_GROUP)})"
        message = f"there is no group of entry points {stray.group!r}{near}, so nothing in it is found"
        upgrade = f"pip install --upgrade {shlex.quote(stray.distribution)}"
        yield stray, message, f"{upgrade}, or its author renames the group in its pyproject.toml"


def _unmet(requirement: str) -> str | None:
    """What is required and not there, or there in a version that does not fit."""
    try:
        from packaging.requirements import InvalidRequirement, Requirement
        from packaging.version import InvalidVersion
    except ImportError:  # it is not ours to require: then only what is absent is told
        return _absent(requirement)
    try:
        wanted = Requirement(requirement)
    except InvalidRequirement as error:
        return f"{requirement!r}, which cannot be read: {str(error).splitlines()[0]}"
    if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
        return None
    version = _version_of(wanted.name)
    if version is None:
        return f"{wanted.name!r}, which is not installed"
    try:
        fits = wanted.specifier.contains(version, prereleases=True)
    except InvalidVersion:
        fits = False
    return None if fits else f"{wanted.name + str(wanted.specifier)!r}, and {version} is installed"


def _absent(requirement: str) -> str | None:
    """Without a reader of conditions, those with one (an extra, a platform) are left to the import itself."""
    name = re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", requirement)
    if name and ";" not in requirement and _version_of(name[1]) is None:
        return f"{name[1]!r}, which is not installed"
    return None


def _version_of(distribution: str) -> str | None:
    import importlib_metadata

    try:
        return importlib_metadata.version(distribution)
    except importlib_metadata.PackageNotFoundError:
        return None


def summary(installed: Installed) -> str:
    """Its one-line description."""
    return str(installed.handle.metadata["Summary"] or "") if "Summary" in installed.handle.metadata else ""


def _stale(installed: Installed) -> Iterable[Told]:
    """An editable install keeps the entry points of the day it was made."""
    project = editable_project(installed.handle)
    if project is None:
        return
    if not project.is_dir():
        yield f"its folder {project} is gone", f"pip uninstall {shlex.quote(installed.name)}"
        return
    file = project / "pyproject.toml"
    try:
        written = tomllib.loads(file.read_text(encoding="utf-8")).get("project", {})
    except (OSError, ValueError) as error:
        yield f"its {file} cannot be read: {error}", "mend that file"
        return
    fix = f"pip install --editable {shlex.quote(str(project))}"
    entries = _entries(written)
    held = {(offer.kind, offer.name): offer.entry_point for offer in installed.offers}
    if "entry-points" not in written.get("dynamic", ()) and entries != held:
        changed = ", ".join(sorted(f"{kind} {name!r}" for (kind, name), _ in entries.items() ^ held.items()))
        yield f"its metadata is older than its pyproject.toml, which differs in {changed}", fix
    if written.get("version", installed.version) != installed.version:
        yield f"its metadata is older than its pyproject.toml, which has version {written['version']}", fix


def _entries(project: dict[str, Any]) -> dict[tuple[str, str], str]:
    groups = project.get("entry-points", {})
    return {
        (kind, name): value
        for group, kind in KIND_OF_GROUP.items()
        for name, value in groups.get(group, {}).items()
    }


def editable_project(handle: IDistribution) -> Path | None:
    """The folder of an editable install's project; None for an ordinary install."""
    text = handle.read_text("direct_url.json")
    if not text:
        return None
    try:
        origin = json.loads(text)
        if not origin["dir_info"].get("editable"):
            return None
        return Path(url2pathname(unquote(urlsplit(origin["url"]).path)))
    except (ValueError, KeyError, TypeError, AttributeError):  # not what the standard says
        return None
