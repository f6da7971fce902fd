"""What the scripts and the repository tests know about this checkout: where things are and what has changed.

Nothing outside the standard library is imported, because ``make setup`` starts here on a bare machine.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements.lock"
WHEELHOUSE = VENV / "wheelhouse"
"""Third-party wheels, downloaded once by ``make setup``; throwaway environments install from it."""
DIST = ROOT / "dist"
UNPACKED = VENV / "unpacked"
"""Where uv keeps unpacked wheels for throwaway environments; emptied when our wheels are built again."""
STAMPS = VENV / "stamps"

NOT_SOURCE = {"__pycache__", "target", ".pytest_cache", ".mypy_cache", ".ruff_cache"}


@cache
def pyproject(folder: Path = ROOT) -> dict[str, Any]:
    """The ``pyproject.toml`` of a folder."""
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))


def packages() -> list[Path]:
    """The folder of every add-on package; the root ``pyproject.toml`` says where to look."""
    patterns = pyproject()["tool"]["uv"]["workspace"]["members"]
    return sorted(path.parent for pattern in patterns for path in ROOT.glob(f"{pattern}/pyproject.toml"))


def distribution(folder: Path) -> str:
    """The distribution's name, for example ``graphbit-loader-text``."""
    return str(pyproject(folder)["project"]["name"])


def module(folder: Path) -> Path:
    """The one importable folder of a package."""
    return folder / distribution(folder).replace("-", "_")


def sources(*roots: Path) -> Iterator[Path]:
    """Every source file in these files and folders, without what tools leave behind."""
    for root in roots:
        if root.is_file():
            yield root
            continue
        for path in sorted(root.rglob("*")):
            kept = path.is_file() and path.suffix not in {".so", ".pyd", ".pyc"}
            if kept and not NOT_SOURCE.intersection(path.relative_to(root).parts):
                yield path


def tree() -> list[Path]:
    """Every source file of the repository: what is neither hidden nor ignored by git."""
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").split()}
    shown = (path for path in sorted(ROOT.iterdir()) if not path.name.startswith("."))
    return list(sources(*(path for path in shown if path.name not in ignored)))


def native_library() -> list[Path]:
    """The compiled kernel of the editable install: one file, or none before the first build."""
    return sorted((ROOT / "graphbit_core").glob("_native*.so"))


def digest(paths: Iterable[Path], *facts: object) -> str:
    """One fingerprint over the names and contents of files, and over plain facts."""
    total = hashlib.sha256()
    for fact in facts:
        total.update(f"{fact}\0".encode())
    for path in paths:
        total.update(f"{path.relative_to(ROOT)}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def fresh(stamp: str, value: str) -> bool:
    """Whether this piece of work was last finished for exactly these inputs."""
    path = STAMPS / stamp
    return path.is_file() and path.read_text(encoding="utf-8") == value


def finish(stamp: str, value: str) -> None:
    """Remember that this piece of work is done for these inputs."""
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / stamp).write_text(value, encoding="utf-8")


def environment() -> dict[str, str]:
    """The variables that every tool is run with.

    The three ``PYO3_*`` are what maturin sets. With the same values everywhere, cargo compiles the
    bindings once; with others it starts over each time a different tool calls it.
    """
    env = {
        key: value for key, value in os.environ.items() if key not in {"MAKEFLAGS", "MFLAGS", "PYTHONHOME"}
    }
    env["VIRTUAL_ENV"] = str(VENV)
    env["PATH"] = os.pathsep.join([str(VENV / "bin"), env.get("PATH", "")])
    env["CARGO_TARGET_DIR"] = env.get("CARGO_TARGET_DIR") or str(ROOT / "target")
    env["PYO3_PYTHON"] = str(PYTHON)
    env["PYO3_BUILD_EXTENSION_MODULE"] = "1"
    env["PYO3_ENVIRONMENT_SIGNATURE"] = f"cpython-{sys.version_info[0]}.{sys.version_info[1]}-64bit"
    return env


def pip_variables() -> dict[str, str]:
    """With these, ``pip install`` finds our own and the locked wheels, and asks no index."""
    return {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": f"{DIST.as_uri()} {WHEELHOUSE.as_uri()}",
        "PIP_NO_BUILD_ISOLATION": "0",  # sic: of this variable pip reads the value as that of the opposite
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


def run(heading: str, command: Sequence[str | Path]) -> bool:
    """Run a command with a heading above and its time below; whether it succeeded."""
    print(f"\n== {heading}", flush=True)
    began = time.monotonic()
    done = subprocess.run([str(part) for part in command], cwd=ROOT, env=environment(), check=False)
    outcome = "done" if done.returncode == 0 else f"FAILED (exit {done.returncode})"
    print(f"-- {heading}: {outcome} in {time.monotonic() - began:.1f} s", flush=True)
    return done.returncode == 0


def pip(*arguments: str | Path) -> list[str | Path]:
    """The command line of the environment's own pip."""
    return [PYTHON, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input", *arguments]


def must(heading: str, command: Sequence[str | Path], advice: str) -> None:
    """Run a command; end the script with advice if it fails."""
    if not run(heading, command):
        sys.exit(f"{heading} failed. {advice}")
