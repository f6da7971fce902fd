"""What ``graphbit plugins new`` writes, for every template there is: clean, tested, and at work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import workspace

from graphbit_core.cli import main
from graphbit_core.cli.plugins.naming import LONGEST, Names
from graphbit_core.cli.plugins.scaffold import LONGEST_DESCRIPTION, example, flavours

FLAVOURS = flavours()
RULES = workspace.ROOT / "pyproject.toml"
MYPY = ("-m", "mypy", "--strict", f"--cache-dir={workspace.ROOT / '.mypy_cache'}")
PYTEST = ("-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider")
GRAPHBIT = ("-m", "graphbit_core.cli")


def tool(*command: str | Path, folder: Path, path: str = "") -> str:
    """Runs Python in a folder, with more folders on its path; it must succeed."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "GRAPHBIT"))}
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=folder,
        env={**env, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def new(flavour: str, name: str, folder: Path, *more: str) -> Names:
    kind = flavour.removesuffix("_local")
    local = ["--local"] if kind != flavour else []
    assert main(["plugins", "new", kind, name, "--into", str(folder), *local, *more]) == 0
    return Names(kind, name, in_house="--in-house" in more)


def installed(names: Names, folder: Path) -> None:
    """Writes, beside the code of a package, the metadata that an installation writes."""
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    ((group, points),) = project["entry-points"].items()
    info = folder / f"{names.module}-{project['version']}.dist-info"
    info.mkdir()
    about = {"Metadata-Version": "2.4", "Name": project["name"], "Version": project["version"]}
    (info / "METADATA").write_text("".join(f"{key}: {value}\n" for key, value in about.items()))
    lines = [f"{name} = {reference}\n" for name, reference in points.items()]
    (info / "entry_points.txt").write_text(f"[{group}]\n{''.join(lines)}")


def assert_formed(folder: Path) -> None:
    """As this repository is, where the names of tests say what a docstring would."""
    tests = "--extend-per-file-ignores=test_*.py:D"
    tool("-m", "ruff", "check", "--no-cache", "--config", RULES, tests, folder=folder)
    tool("-m", "ruff", "format", "--no-cache", "--check", "--config", RULES, folder=folder)


@pytest.fixture(scope="module")
def packages(tmp_path_factory) -> dict[str, tuple[Names, Path]]:
    """A package of each flavour, as good as installed."""
    folder = tmp_path_factory.mktemp("packages")
    made = {flavour: new(flavour, f"my-{flavour}", folder) for flavour in FLAVOURS}
    for names in made.values():
        installed(names, folder / names.distribution)
    return {flavour: (names, folder / names.distribution) for flavour, names in made.items()}


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> tuple[list[Names], Path]:
    """A project with an in-house plugin of each flavour."""
    folder = tmp_path_factory.mktemp("project")
    return [new(flavour, f"my_{flavour}", folder, "--in-house") for flavour in FLAVOURS], folder


@pytest.fixture
def path(packages) -> str:
    return os.pathsep.join(str(folder) for _, folder in packages.values())


def test_packages_pass_their_tests_and_their_types_are_right(packages, path):
    folders = [folder for _, folder in packages.values()]
    passed = tool(*PYTEST, "--import-mode=importlib", *folders, folder=folders[0].parent, path=path)
    assert " passed" in passed
    assert "skipped" not in passed
    code = [folder / names.module for names, folder in packages.values()]
    tool(*MYPY, *code, folder=folders[0].parent)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_package_does_what_its_readme_says(flavour, packages, path):
    names, folder = packages[flavour]
    program = example(flavour, names)
    assert program in (folder / "README.md").read_text()
    tool("-W", "error", "-c", program, folder=folder.parent, path=path)


def test_packages_are_listed_by_their_names(packages, path):
    _, folder = packages[FLAVOURS[0]]
    listed = json.loads(tool(*GRAPHBIT, "plugins", "list", "--json", folder=folder.parent, path=path))
    found = {(one["kind"], one["name"], one["distribution"]) for one in listed}
    assert {(names.kind, names.name, names.distribution) for names, _ in packages.values()} <= found


def test_files_of_a_project_pass_their_check(project):
    made, folder = project
    tool(*GRAPHBIT, "plugins", "check", folder=folder)
    report = json.loads((folder / "graphbit-check.json").read_text())
    tested = {(one["kind"], one["name"]): one["tested_by"] for one in report["components"]}
    assert set(tested) == {(names.kind, names.name) for names in made}
    for names in made:
        (tester,) = tested[names.kind, names.name]
        assert Path(tester["file"]).name == f"test_{names.file}.py"
    assert [one["not_tried"] for one in report["components"]] == [[]] * len(made)


def test_files_of_a_project_are_clean(project):
    _, folder = project
    assert_formed(folder)
    tool(*MYPY, *(path.name for path in folder.glob("*.py")), folder=folder)


def test_files_of_a_project_do_what_their_example_says(project):
    made, folder = project
    for flavour, names in zip(FLAVOURS, made, strict=True):
        tool("-W", "error", "-c", example(flavour, names), folder=folder)


@pytest.mark.parametrize("name", ["x", "x" * LONGEST])
@pytest.mark.parametrize("description", ["does", "do " * (LONGEST_DESCRIPTION // 3)])
def test_whatever_the_name_and_the_description_the_form_is_right(name, description, tmp_path):
    for flavour in FLAVOURS:
        folder = tmp_path / flavour
        folder.mkdir()
        names = new(flavour, name, folder, "--description", description)
        assert_formed(folder / names.distribution)


def test_every_template_has_its_parts():
    for flavour in FLAVOURS:
        folder = workspace.ROOT / "graphbit_core" / "cli" / "templates" / flavour
        have = {path.name for path in folder.iterdir()}
        assert {"component.py.tmpl", "test.py.tmpl", "usage.md.tmpl", "description.txt"} <= have
        lines = {path.name: len(path.read_text().splitlines()) for path in folder.iterdir()}
        assert max(lines.values()) <= 200, lines


def test_the_pyproject_has_the_keys_of_those_here_in_their_order(packages):
    _, folder = packages[FLAVOURS[0]]
    written = tomllib.loads((folder / "pyproject.toml").read_text())
    ours = dict(workspace.pyproject(workspace.ROOT / "loaders" / "docx"))
    del ours["tool"]
    assert list(written) == list(ours)
    assert list(written["project"]) == list(ours["project"])
    assert written["build-system"] == ours["build-system"]
    assert written["project"]["dependencies"] == ours["project"]["dependencies"][:1]
