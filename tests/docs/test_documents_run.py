"""Every command and every code block of the documents is tried; see ``tests/support/documents.py``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import documents
import pytest
import throwaway
import workspace
from documents import Block
from throwaway import MakeEnv

RUNNER = Path(documents.__file__).with_name("run_document.py")
DOCUMENTS = [path for path in workspace.tree() if path.suffix == ".md" and "fixtures" not in path.parts]
TUTORIALS = [path for path in DOCUMENTS if path.parent == workspace.ROOT / "docs" / "tutorials"]
BUILDS = ("pytest", "hatchling", "editables")
"""What a tutorial finds beside graphbit-core; a package is built without an environment of its own."""


def name(path: Path) -> str:
    return str(path.relative_to(workspace.ROOT))


def environment(home: Path, python: Path) -> dict[str, str]:
    """A user's: the commands of an environment on the path, a home of its own, no keys and no settings."""
    env = {key: value for key, value in os.environ.items() if key in {"LANG", "TMPDIR"}}
    env["PATH"] = os.pathsep.join([str(python.parent), "/usr/bin", "/bin"])
    env["PYTHONPATH"] = os.pathsep.join([str(workspace.ROOT / "scripts"), str(RUNNER.parent)])
    return {**env, "HOME": str(home)}


def run(document: Path, folder: Path, python: Path, **env: str) -> None:
    done = subprocess.run(
        [python, RUNNER, document],
        cwd=folder,
        env={**environment(folder.parent, python), **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("document", [path for path in DOCUMENTS if path not in TUTORIALS], ids=name)
def test_a_documents_blocks_run(document: Path, tmp_path: Path, docs_report: dict[str, list[Block]]):
    docs_report[name(document)] = documents.blocks(document)
    folder = tmp_path / "folder"
    (folder / "docs").mkdir(parents=True)
    for readable in workspace.ROOT.glob("*.md"):  # something for `graphbit ask docs …` to read
        shutil.copy(readable, folder / "docs")
    run(document, folder, Path(sys.executable))


@pytest.mark.parametrize("document", TUTORIALS, ids=name)
def test_a_tutorial_works_from_an_empty_folder(
    document: Path, tmp_path: Path, docs_report: dict[str, list[Block]], make_env: MakeEnv
):
    docs_report[name(document)] = documents.blocks(document)
    folder = tmp_path / "folder"
    folder.mkdir()
    installed = make_env(*BUILDS, throwaway.pip_wheel())
    run(document, folder, installed.python, **workspace.pip_variables())
