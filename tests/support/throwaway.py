"""Throwaway virtual environments that hold the wheels we ship; see the fixtures in ``tests/conftest.py``."""

from __future__ import annotations

import ensurepip
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import workspace

UV = workspace.VENV / "bin" / "uv"
BUILD = """
import os, sys
from hatchling.build import build_wheel
folder, *projects = sys.argv[1:]
for project in projects:
    os.chdir(project)
    build_wheel(folder)
"""
"""What pip has the build backend do, without a process and an environment for each project."""


@dataclass(frozen=True)
class Environment:
    """A throwaway virtual environment, and an empty folder to run things in."""

    path: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.path / "bin" / "python"

    def run(self, *command: str | Path, timeout: float = 60, **env: str) -> subprocess.CompletedProcess[str]:
        """Run ``python`` or a console script of this environment; the caller looks at the exit code.

        No variable of the surrounding process that steers Python, pip or GraphBit is passed on; ``env`` is.
        """
        program, *arguments = map(str, command)
        kept = {key: os.environ[key] for key in ("HOME", "LANG", "TMPDIR") if key in os.environ}
        folder = self.path / "run"
        folder.mkdir(exist_ok=True)
        return subprocess.run(
            [str(self.path / "bin" / program), *arguments],
            cwd=folder,
            env={**kept, "PATH": f"{self.path / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin", **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )


def pip_wheel() -> Path:
    """The pip that comes with this Python; on Debian it lies in a folder of the system's."""
    folders = (Path(ensurepip.__file__).with_name("_bundled"), Path("/usr/share/python-wheels"))
    return next(wheel for folder in folders for wheel in folder.glob("pip-*.whl"))


class MakeEnv(Protocol):
    """The fixture ``make_env``."""

    def __call__(self, *wheels: str | Path, deps: bool = True) -> Environment:
        """See the fixture."""
        ...


def create(path: Path) -> Environment:
    """An empty environment with the Python that runs the tests."""
    _uv("venv", "--clear", "--python", sys.executable, path)
    return Environment(path)


def install(environment: Environment, *arguments: str | Path) -> None:
    """Install from our own and the locked third-party wheels; there is no index."""
    links: list[str | Path] = [
        "--no-index",
        "--find-links",
        workspace.DIST,
        "--find-links",
        workspace.WHEELHOUSE,
    ]
    _uv("pip", "install", "--python", environment.python, *links, *arguments)


def build(folder: Path, *projects: Path) -> list[Path]:
    """Builds wheels of projects into an empty folder, without an index; in the order of their names."""
    command = [str(part) for part in (workspace.PYTHON, "-c", BUILD, folder, *projects)]
    built = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return sorted(folder.glob("*.whl"))


def _uv(*arguments: str | Path) -> None:
    command = [str(UV), "--quiet", "--offline", "--cache-dir", str(workspace.UNPACKED), *map(str, arguments)]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
