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


def tool(*command: str | Path, folder: Path, path: Path | None = None) -> str:
    """Runs a program of this environment in a folder; it must succeed."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "GRAPHBIT"))}
    env |= {"PYTHONPATH": str(path)} if path else {}
    done = subprocess.run(
        [sys.executable, *map(str, command)], cwd=folder, env=env, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def kind_of(flavour: str) -> tuple[str, list[str]]:
    kind = flavour.removesuffix("_local")
    return kind, ["--local"] if kind != flavour else []


def new(flavour: str, name: str, folder: Path, *more: str) -> Names:
    kind, local = kind_of(flavour)
    assert main(["plugins", "new", kind, name, "--into", str(folder), *local, *more]) == 0
    return Names(kind, name, in_house="--in-house" in more)


def installed(names: Names, folder: Path) -> Path:
    """Beside the code of a package, the metadata that an installation writes."""
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    info = folder / f"{names.module}-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: {names.distribution}\nVersion: {project['version']}\n"
    )
    ((group, points),) = project["entry-points"].items()
    lines = [f"{name} = {reference}\n" for name, reference in points.items()]
    (info / "entry_points.txt").write_text(f"[{group}]\n{''.join(lines)}")
    return folder


def assert_formed(folder: Path, *files: str) -> None:
    """As this repository is, where the names of tests say what a docstring would."""
    tests = "--extend-per-file-ignores=test_*.py:D"
    tool("-m", "ruff", "check", "--no-cache", "--config", RULES, tests, *files, folder=folder)
    tool("-m", "ruff", "format", "--no-cache", "--check", "--config", RULES, *files, folder=folder)


def assert_clean(folder: Path, *files: str) -> None:
    """As this repository is, with its types."""
    assert_formed(folder, *files)
    cache = f"--cache-dir={workspace.ROOT / '.mypy_cache'}"
    tool("-m", "mypy", "--strict", cache, *files, folder=folder)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_package_is_clean_passes_its_tests_and_does_what_its_readme_says(flavour, tmp_path):
    names = new(flavour, "my-thing", tmp_path)
    folder = tmp_path / names.distribution
    assert_clean(folder, ".")
    passed = tool("-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", folder=folder)
    assert " passed" in passed
    assert "skipped" not in passed
    path = installed(names, folder)
    program = tmp_path / "program.py"
    program.write_text(example(flavour, names))
    assert program.read_text() in (folder / "README.md").read_text()
    tool("-W", "error", program, folder=tmp_path, path=path)
    listed = json.loads(
        tool("-m", "graphbit_core.cli", "plugins", "list", "--json", folder=tmp_path, path=path)
    )
    assert (names.kind, "my-thing", names.distribution) in [
        (one["kind"], one["name"], one["distribution"]) for one in listed
    ]
    tool("-m", "graphbit_core.cli", "plugins", "doctor", folder=tmp_path, path=path)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_file_of_ones_own_is_clean_and_passes_its_tests(flavour, tmp_path):
    names = new(flavour, "my_thing", tmp_path, "--in-house")
    assert_clean(tmp_path, "my_thing.py", "test_my_thing.py")
    passed = tool("-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", folder=tmp_path)
    assert " passed" in passed
    held = tomllib.loads((tmp_path / "graphbit.toml").read_text())
    assert held == {"plugins": {"in_house": {names.kind: {"my_thing": names.reference}}}}


@pytest.mark.parametrize("name", ["x", "x" * LONGEST])
def test_whatever_the_name_and_the_description_the_form_is_right(name, tmp_path):
    for flavour in FLAVOURS:
        for description in ("does", "do " * (LONGEST_DESCRIPTION // 3)):
            folder = tmp_path / f"{flavour}-{len(description)}"
            folder.mkdir()
            names = new(flavour, name, folder, "--description", description)
            assert_formed(folder / names.distribution, ".")


def test_every_template_has_its_parts():
    for flavour in FLAVOURS:
        folder = workspace.ROOT / "graphbit_core" / "cli" / "templates" / flavour
        have = {path.name for path in folder.iterdir()}
        assert {"component.py.tmpl", "test.py.tmpl", "usage.md.tmpl", "description.txt"} <= have
        lines = {path.name: len(path.read_text().splitlines()) for path in folder.iterdir()}
        assert max(lines.values()) <= 200, lines


def test_the_packages_pyproject_has_the_keys_of_those_here_in_their_order(tmp_path):
    names = new("node_type", "my-thing", tmp_path)
    written = tomllib.loads((tmp_path / names.distribution / "pyproject.toml").read_text())
    ours = dict(workspace.pyproject(workspace.ROOT / "loaders" / "docx"))
    del ours["tool"]
    assert list(written) == list(ours)
    assert list(written["project"]) == list(ours["project"])
    assert written["build-system"] == ours["build-system"]
    assert written["project"]["dependencies"] == ours["project"]["dependencies"][:1]
