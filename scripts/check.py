"""Runs the checks named on the command line (``lint``, ``types``, ``test``); says at the end what failed."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from workspace import ROOT, VENV, distribution, module, packages, run

BIN = VENV / "bin"
Step = tuple[str, Sequence[str | Path]]


def lint() -> list[Step]:
    """Form and layers: nothing is executed."""
    return [
        ("rustfmt", ["cargo", "fmt", "--all", "--check"]),
        ("clippy", ["cargo", "clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]),
        ("ruff check", [BIN / "ruff", "check", "--quiet"]),
        ("ruff format", [BIN / "ruff", "format", "--quiet", "--check"]),
        ("import layers", [BIN / "lint-imports", "--no-logo"]),
    ]


def types() -> list[Step]:
    """Static types of everything, and the stub against the compiled module.

    Each folder of tests is a run of its own, because their files share names across packages. There, only
    functions with types are checked, and libraries need none; so these runs have a cache of their own.
    """
    strangers = [path.parent for path in (ROOT / "tests" / "strangers").glob("*/*/__init__.py")]
    code = [ROOT / "graphbit_core", ROOT / "scripts", *map(module, packages()), *sorted(strangers)]
    stub: list[str | Path] = [
        BIN / "stubtest",
        "graphbit_core._native",
        "--allowlist",
        ROOT / "tests" / "stubtest.txt",
    ]
    mypy: list[str | Path] = [BIN / "mypy", "--no-error-summary"]
    lenient = ["--allow-untyped-defs", "--allow-incomplete-defs", "--allow-untyped-calls"]
    lenient += ["--no-check-untyped-defs", "--no-warn-unused-ignores", "--disable-error-code=import-untyped"]
    lenient += ["--disable-error-code=annotation-unchecked"]  # a note on each body that is not checked
    cache = f"--cache-dir={ROOT / '.mypy_cache' / 'tests'}"
    tests: list[str | Path] = [*mypy, *lenient, "--explicit-package-bases", cache]
    folders = [path for path in (ROOT, *packages()) if list((path / "tests").glob("**/*.py"))]
    steps: list[Step] = [("mypy: code", [*mypy, *code])]
    steps += [(f"mypy: tests of {distribution(path)}", [*tests, path / "tests"]) for path in folders]
    return [*steps, ("stub of graphbit_core._native", stub)]


def test() -> list[Step]:
    """Everything; pytest comes last so that its summary is what remains on the screen."""
    return [
        *lint(),
        *types(),
        ("cargo test", ["cargo", "test", "--quiet", "--locked", "--package", "graphbit-kernel"]),
        ("installed packages agree", [BIN / "python", "-m", "pip", "--disable-pip-version-check", "check"]),
        ("wheels", [BIN / "python", ROOT / "scripts" / "wheels.py"]),
        ("pytest", [BIN / "pytest", "-q"]),
    ]


def main() -> None:
    """Run every step even after a failure: one run shows all there is to mend."""
    chosen = {"lint": lint, "types": types, "test": test}
    began = time.monotonic()
    steps = [step for name in sys.argv[1:] for step in chosen[name]()]
    failed = [heading for heading, command in steps if not run(heading, command)]
    took = f"{len(steps)} steps in {time.monotonic() - began:.0f} s"
    if failed:
        sys.exit(f"FAILED: {', '.join(failed)} ({took})")
    print(f"all passed: {took}")


if __name__ == "__main__":
    main()
