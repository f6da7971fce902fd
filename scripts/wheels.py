"""Builds ``dist/``: one wheel for graphbit-core and one for every add-on; nothing if they are up to date."""

from __future__ import annotations

import shutil
from pathlib import Path

from workspace import DIST, LOCK, ROOT, UNPACKED, VENV, digest, finish, fresh, must, packages, pip, sources

ADVICE = "The messages above say why."


def main() -> None:
    """Build into an empty folder, so that no wheel of an earlier version is left in it."""
    core = [ROOT / name for name in ("pyproject.toml", "Cargo.toml", "Cargo.lock", "README.md", "LICENSE")]
    stamp = digest(sources(LOCK, *core, ROOT / "graphbit_core", ROOT / "native", *packages()))
    if DIST.is_dir() and len(list(DIST.glob("*.whl"))) == len(packages()) + 1 and fresh("wheels", stamp):
        print("wheels: up to date")
        return
    for folder in (DIST, UNPACKED):  # uv takes a wheel of the same name and version for the same wheel
        shutil.rmtree(folder, ignore_errors=True)
    build: list[str | Path] = [
        VENV / "bin" / "maturin",
        "build",
        "--release",
        "--locked",
        "--quiet",
        "--out",
        DIST,
    ]
    must("wheel of graphbit-core", build, ADVICE)
    offline = ("--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", DIST)
    must(f"wheels of {len(packages())} packages", pip("wheel", *offline, *packages()), ADVICE)
    finish("wheels", stamp)


if __name__ == "__main__":
    main()
