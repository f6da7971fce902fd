"""From an empty folder to a plugin that a workflow uses: one command each, timed, and no index is asked."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from repository import build_wheels, workspace
from table import duration

WORKFLOW = """\
name: Words
nodes:
  text: {type: transform, template: "to be or not to be"}
  words: {type: words, most: 2}
edges:
  - {from: text, to: words}
"""
BUILDS = "hatchling editables"
"""What builds the package: without an index pip cannot fetch it by itself."""
COMMANDS = (
    "python -m venv .venv",
    f"pip install graphbit-core pytest {BUILDS}",
    "graphbit plugins new node_type words",
    "pip install -e graphbit-words",
    "graphbit plugins check words",
    "graphbit run words.yaml",
)


def timed(folder: Path) -> dict[str, tuple[float, str]]:
    """Runs the commands in ``folder``; command → seconds, and what it printed.

    Raises:
        RuntimeError: One failed.
    """
    (folder / "words.yaml").write_text(WORKFLOW, encoding="utf-8")
    scripts = folder / ".venv" / "bin"
    path = os.pathsep.join(map(str, (scripts, Path(sys.executable).parent, "/usr/bin", "/bin")))
    environ = {"PATH": path, "HOME": str(folder), **workspace.pip_variables()}
    return {command: _timed(command, folder, environ) for command in COMMANDS}


def _timed(command: str, folder: Path, environ: dict[str, str]) -> tuple[float, str]:
    began = time.perf_counter()
    done = subprocess.run(
        ["/usr/bin/env", *shlex.split(command)],  # which looks on the path of that environment
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{command} failed:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - began, done.stdout


def main() -> list[tuple[str, str]]:
    """Rows of the table."""
    build_wheels()
    with tempfile.TemporaryDirectory() as temporary:
        seconds = {command: taken for command, (taken, _) in timed(Path(temporary)).items()}
    rows = [(f"`{command}`", duration(taken)) for command, taken in seconds.items()]
    return [*rows, ("in all", duration(sum(seconds.values())))]


if __name__ == "__main__":
    for row in main():
        print(" | ".join(row))
