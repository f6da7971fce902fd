"""Fixtures for tests that need the wheels which we ship, installed away from the source tree."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import throwaway
import workspace
from throwaway import Environment, MakeEnv

collect_ignore = ["strangers"]  # projects of their own, tried where they are installed


@pytest.fixture(scope="session")
def built_wheels() -> Path:
    """``dist/`` with one wheel per distribution of this repository, built if a source has changed."""
    script = workspace.ROOT / "scripts" / "wheels.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"{script} failed:\n{done.stdout}{done.stderr[-2000:]}", pytrace=False)
    return workspace.DIST


@pytest.fixture(scope="session")
def make_env(built_wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeEnv]:
    """Makes environments without an index: ``make_env("graphbit-loader-text")``.

    graphbit-core is always in it. Names are looked up in ``dist/`` and among the locked third-party wheels;
    with ``deps=False`` the given wheels are installed without what they require. Takes about half a second.
    """
    made: list[Path] = []

    def make(*wheels: str | Path, deps: bool = True) -> Environment:
        environment = throwaway.create(tmp_path_factory.mktemp("env"))
        made.append(environment.path)
        throwaway.install(
            environment, next(built_wheels.glob("graphbit_core-*.whl")), *(wheels if deps else ())
        )
        if wheels and not deps:
            throwaway.install(environment, "--no-deps", *wheels)
        return environment

    yield make
    for path in made:
        shutil.rmtree(path, ignore_errors=True)
