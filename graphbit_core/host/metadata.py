"""What a distribution's metadata says beyond its entry points, and what can be wrong with it."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from graphbit_core.host.discovery import KIND_OF_GROUP, Installed

Found = tuple[str, str]
"""What is wrong, and what mends it."""


def faults_of(installed: Installed) -> Iterable[Found]:
    """Requirements that are not installed, and metadata that no longer says what the project does."""
    name = shlex.quote(installed.name)
    for requirement in missing_requirements(installed):
        yield f"requires {requirement!r}, which is not installed", f"pip install --upgrade {name}"
    yield from _stale(installed)


def missing_requirements(installed: Installed) -> list[str]:
    """Names of required distributions that are absent.

    Requirements with a condition (an extra, a platform) are left to the import itself, which knows.
    """
    import importlib_metadata

    missing = []
    for requirement in installed.handle.requires or ():
        name = re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", requirement)
        if name and ";" not in requirement:
            try:
                importlib_metadata.distribution(name[1])
            except importlib_metadata.PackageNotFoundError:
                missing.append(name[1])
    return missing


def summary(installed: Installed) -> str:
    """Its one-line description."""
    return str(installed.handle.metadata["Summary"] or "") if "Summary" in installed.handle.metadata else ""


def _stale(installed: Installed) -> Iterable[Found]:
    """An editable install keeps the entry points of the day it was made."""
    project = editable_project(installed)
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


def editable_project(installed: Installed) -> Path | None:
    """The folder of an editable install's project; None for an ordinary install."""
    text = installed.handle.read_text("direct_url.json")
    if not text:
        return None
    try:
        origin = json.loads(text)
        if not origin["dir_info"].get("editable"):
            return None
        return Path(url2pathname(unquote(urlsplit(origin["url"]).path)))
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ):  # not what the standard says: no editable install
        return None
