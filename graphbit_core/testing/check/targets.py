"""What ``graphbit plugins check`` is to check, and where its tests are."""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphbit_core.errors import ConfigError
from graphbit_core.host import Host
from graphbit_core.host.faults import not_known
from graphbit_core.host.metadata import editable_project
from graphbit_core.host.records import ComponentInfo, Origin, normalized
from graphbit_core.host.reference import Reference


@dataclass(frozen=True, slots=True)
class Target:
    """Components that are checked together, because they have the same tests.

    Attributes:
        whole: Whether these are all components that the tests are for.
        tests: Files and folders; none if there are no tests.
        root: Their project's folder.
    """

    infos: tuple[ComponentInfo, ...]
    whole: bool
    tests: tuple[Path, ...]
    root: Path


def find(host: Host, name: str | None, tests: Path | None, folder: Path) -> list[Target]:
    """The targets that ``name`` means.

    Args:
        host: Where they are looked up.
        name: A distribution, a component, or ``component@distribution``; None: the project in ``folder`` and
            the in-house plugins that are configured there.
        tests: A file or folder to be used in place of those that are found.
        folder: The working directory.

    Raises:
        ComponentNotFoundError: Nothing installed has this name.
        ConfigError: There is no project in the folder, it is not installed, or there are no such tests.
    """
    if tests is not None and not tests.exists():
        raise ConfigError(f"there is no file or folder {tests}", setting="--tests")
    infos = _named(host, name) if name else _here(host, folder)
    groups: dict[str | Path, list[ComponentInfo]] = {}
    for info in infos:
        groups.setdefault(_in_common(info, folder), []).append(info)
    return [_target(host, found, tests, folder) for found in groups.values()]


def _named(host: Host, asked: str) -> list[ComponentInfo]:
    infos = [info for info in host.list() if info.source in ("installed", "in-house")]
    name, _, distribution = asked.partition("@")
    found = [
        info
        for info in infos
        if (info.name == name and normalized(distribution) in ("", normalized(info.distribution)))
        or normalized(info.distribution) == normalized(asked)
    ]
    if not found:
        raise not_known(asked, sorted({known for info in infos for known in (info.name, info.distribution)}))
    return found


def _here(host: Host, folder: Path) -> list[ComponentInfo]:
    infos = host.list()
    found = [info for info in infos if info.source == "in-house"]
    project = _project(folder)
    if project.get("name") and any(name.startswith("graphbit.") for name in project.get("entry-points", ())):
        name = str(project["name"])
        own = [info for info in infos if normalized(info.distribution) == normalized(name)]
        if not own:
            raise ConfigError(
                f"{name} is not installed, and only what is installed can be checked. "
                "To mend it: pip install --editable .",
                setting="NAME",
            )
        found += own
    if not found:
        raise ConfigError(
            f"there is nothing to check in {folder}: it has no pyproject.toml with entry points of "
            "GraphBit, and no graphbit.toml with in-house plugins. Go to a project's folder, or name a "
            "distribution or a component: graphbit plugins check NAME",
            setting="NAME",
        )
    return found


def _target(host: Host, infos: Sequence[ComponentInfo], tests: Path | None, folder: Path) -> Target:
    root, found = folder, [folder / "tests"]
    if infos[0].source == "in-house":
        found = _beside(infos, folder)
    elif (name := normalized(infos[0].distribution)) != normalized(str(_project(folder).get("name", ""))):
        known = {normalized(one.name): one for one in host.installed().distributions}
        project = editable_project(known[name].handle)
        found = [project / "tests"] if project else []
        root = project if project and project.is_dir() else folder
    if tests is not None:
        found = [tests.absolute()]
    common = _in_common(infos[0], folder)
    whole = len(infos) == sum(_in_common(info, folder) == common for info in host.list())
    return Target(tuple(infos), whole, tuple(path for path in found if path.exists()), root)


def _in_common(info: ComponentInfo, folder: Path) -> str | Path:
    """What those have in common that are checked together: a distribution, or the folder of their tests."""
    if info.source != "in-house":
        return info.distribution
    file = in_house_file(info.origin)
    return file.parent if file else folder


def _beside(infos: Sequence[ComponentInfo], folder: Path) -> list[Path]:
    files = [in_house_file(info.origin) for info in infos]
    folders = {file.parent if file else folder for file in files}
    found = {test for one in folders for test in one.glob("test_*.py")}
    return [*sorted(found), *([folder / "tests"] if None in files else [])]


def in_house_file(origin: Origin) -> Path | None:
    """The file of an in-house plugin that is one."""
    if origin.source != "in-house":
        return None
    reference = Reference.read(origin.entry_point or "")
    return Path(reference.place) if reference.is_file else None


def _project(folder: Path) -> dict[str, Any]:
    try:
        read = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"{folder / 'pyproject.toml'} cannot be read: {error}") from error
    project: dict[str, Any] = read.get("project", {})
    return project


def rerun(file: str, node: str, folder: Path) -> str:
    """The command that tries one rule again, ``node`` being what pytest calls it."""
    path = Path(file)
    shown = path.relative_to(folder) if path.is_relative_to(folder) else path
    rule = node.partition("::")[2]
    return f"python -m pytest {shlex.quote(f'{shown}::{rule}')}"
