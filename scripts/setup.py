"""Makes ``.venv`` ready: third-party packages by hash, the kernel in release mode, every package editable.

Each part is stamped with what it was made from, so that a second call does nothing and needs no network.
"""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
import venv

from lock import not_locked
from workspace import (
    LOCK,
    PYTHON,
    ROOT,
    VENV,
    WHEELHOUSE,
    digest,
    distribution,
    environment,
    finish,
    fresh,
    module,
    must,
    native_library,
    packages,
    pip,
    sources,
)

NETWORK = "The messages above say why; setting up needs the package index once."
EDITABLE = ("--no-index", "--no-deps", "--no-build-isolation")
"""No isolation: a build in a new temporary environment would compile the whole kernel again each time."""


def main() -> None:
    """Bring everything up to date, in the order in which one thing needs the other."""
    check_machine()
    done = [third_party(), kernel(), add_ons()]
    if not any(done):
        print("setup: up to date")


def check_machine() -> None:
    """Say what is missing before anything is made."""
    for tool, source in {"cargo": "https://rustup.rs", "cc": "your system's C compiler package"}.items():
        if shutil.which(tool) is None:
            sys.exit(f"{tool} is needed and was not found on PATH; install it from {source}")
    if missing := not_locked():
        sys.exit(f"requirements.lock lacks {', '.join(missing)}; run `make lock`, then this again")


def third_party() -> bool:
    """The environment with all locked packages. Another Python, place or lock file makes a new one."""
    stamp = digest([LOCK], platform.python_version(), sys.base_prefix, ROOT)
    if PYTHON.exists() and fresh("third-party", stamp):
        return False
    if VENV.exists():
        shutil.rmtree(VENV)
    print(f"== create .venv (Python {platform.python_version()})", flush=True)
    venv.create(VENV, with_pip=True)
    # The same files serve the throwaway environments of the tests, hence download first, then install.
    locked = ("--require-hashes", "--no-deps", "--requirement", LOCK)
    must("download packages", pip("download", "--only-binary=:all:", "--dest", WHEELHOUSE, *locked), NETWORK)
    offline = ("--no-index", "--find-links", WHEELHOUSE)
    must("install packages", pip("install", *offline, *locked), "Remove .venv and try again.")
    finish("third-party", stamp)
    return True


def kernel() -> bool:
    """graphbit-core, editable, with the kernel compiled in release mode."""
    inputs = [ROOT / "Cargo.toml", ROOT / "Cargo.lock", ROOT / "pyproject.toml", ROOT / "native"]
    stamp = digest(sources(*inputs), platform.python_version())
    # The library belongs to the stamp: a debug build that somebody put in its place is noticed.
    if fresh("kernel", stamp + digest(native_library())):
        return False
    must("download crates", ["cargo", "fetch", "--locked", "--quiet"], NETWORK)
    build = pip("install", *EDITABLE, "--editable", ROOT)
    print("\nThe next step compiles for a few minutes and prints nothing meanwhile.", flush=True)
    must("build the kernel (release) and install graphbit-core", build, "The compiler's messages are above.")
    finish("kernel", stamp + digest(native_library()))
    return True


def add_ons() -> bool:
    """Every add-on, editable. Entry points are read at installation, so a changed pyproject installs anew."""
    folders = packages()
    stamp = digest([folder / "pyproject.toml" for folder in folders])
    if fresh("add-ons", stamp):
        return False
    for needed in (
        part for folder in folders for part in (folder / "README.md", module(folder) / "__init__.py")
    ):
        if not needed.is_file():
            sys.exit(
                f"{needed.relative_to(ROOT)} is missing; a package has a README and one module of its name"
            )
    if gone := installed() - {"graphbit-core", *map(distribution, folders)}:
        must("remove packages that left the repository", pip("uninstall", "--yes", *sorted(gone)), "")
    editable = [part for folder in folders for part in ("--editable", folder)]
    if editable:
        advice = "A package's pyproject.toml is wrong, or it is not shaped like the others."
        must(f"install {len(folders)} packages", pip("install", *EDITABLE, *editable), advice)
    finish("add-ons", stamp)
    return True


def installed() -> set[str]:
    """Distributions that are installed editable from this checkout."""
    command = [part for part in pip("list", "--editable", "--format=json") if part != "--quiet"]  # it mutes
    listed = subprocess.run(
        [str(part) for part in command], check=True, capture_output=True, text=True, env=environment()
    )
    return {row["name"].lower().replace("_", "-") for row in json.loads(listed.stdout)}


if __name__ == "__main__":
    main()
