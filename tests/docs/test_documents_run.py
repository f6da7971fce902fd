"""Every command and every code block of the documents is tried; see ``tests/support/documents.py``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import documents
import pytest
import workspace
from documents import Block

RUNNER = Path(documents.__file__).with_name("run_document.py")
DOCUMENTS = [path for path in workspace.tree() if path.suffix == ".md" and "fixtures" not in path.parts]


def name(path: Path) -> str:
    return str(path.relative_to(workspace.ROOT))


def environment(home: Path) -> dict[str, str]:
    """A user's: the commands of ``.venv`` on the path, a home of its own, no keys and no settings."""
    env = {key: value for key, value in os.environ.items() if key in {"LANG", "TMPDIR"}}
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"])
    env["PYTHONPATH"] = os.pathsep.join([str(workspace.ROOT / "scripts"), str(RUNNER.parent)])
    return {**env, "HOME": str(home)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_a_documents_blocks_run(document: Path, tmp_path: Path, docs_report: dict[str, list[Block]]):
    docs_report[name(document)] = documents.blocks(document)
    folder = tmp_path / "folder"
    (folder / "docs").mkdir(parents=True)
    for readable in workspace.ROOT.glob("*.md"):  # something for `graphbit ask docs …` to read
        shutil.copy(readable, folder / "docs")
    done = subprocess.run(
        [sys.executable, RUNNER, document],
        cwd=folder,
        env=environment(tmp_path),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
