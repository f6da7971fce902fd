"""Writes ``requirements.lock``: every third-party package at one version, with hashes and without addresses.

It is resolved from the dependencies, build requirements and dependency groups of every pyproject.toml here,
for all platforms and for Python 3.11 and newer. Needs the network; ``make lock`` runs it.
"""

from __future__ import annotations

import re
import subprocess
import sys

from workspace import LOCK, ROOT, VENV, environment, packages, pyproject

HEADER = """\
# Every third-party package that set-up installs, with hashes. Written by `make lock`; do not edit.
# Works with plain pip: pip install --require-hashes --no-deps -r requirements.lock
"""


def requirements() -> list[str]:
    """What all pyproject files ask for, but for our own distributions."""
    wanted: set[str] = set()
    for folder in [ROOT, *packages()]:
        tables = pyproject(folder)
        wanted.update(tables["project"].get("dependencies", []))
        wanted.update(tables["build-system"]["requires"])
        for group in (*tables.get("dependency-groups", {}).values(), *extras(tables)):
            wanted.update(group)
    return sorted(line for line in wanted if not is_ours(name_of(line)))


def is_ours(name: str) -> bool:
    """Whether a distribution is of this repository; such a name is never looked up in an index."""
    return name == "graphbit" or name.startswith("graphbit-")


def not_locked() -> list[str]:
    """Requirements of which the lock file knows nothing, because it was written before them."""
    locked = set(re.findall(r"^([^\s=]+)==", LOCK.read_text(encoding="utf-8"), re.M))
    return [line for line in requirements() if name_of(line) not in locked]


def extras(tables: dict[str, dict[str, dict[str, list[str]]]]) -> list[list[str]]:
    """The optional dependencies of one package, so that they are tested too."""
    return list(tables["project"].get("optional-dependencies", {}).values())


def name_of(requirement: str) -> str:
    """The normalised distribution name at the front of a requirement."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    if found is None:
        sys.exit(f"not a requirement: {requirement!r}")
    return re.sub(r"[-_.]+", "-", found.group()).lower()


def main() -> None:
    """Resolve and write; uv comes from the present lock, or from PATH the first time."""
    ours = VENV / "bin" / "uv"
    command = [str(ours) if ours.exists() else "uv", "pip", "compile", "-", "--quiet", "--universal"]
    command += ["--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate"]
    command += ["--no-emit-index-url", "--no-emit-find-links", "--no-sources"]
    command += ["--output-file", str(LOCK), *sys.argv[1:]]  # versions already in it are kept while they fit
    done = subprocess.run(command, input="\n".join(requirements()), text=True, env=environment(), check=False)
    if done.returncode:
        sys.exit("The requirements cannot be met together; the messages above say which.")
    pins = [line for line in LOCK.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    LOCK.write_text(HEADER + "\n".join(pins) + "\n", encoding="utf-8")
    print(f"{LOCK.name}: {sum(not pin.startswith(' ') for pin in pins)} packages")


if __name__ == "__main__":
    main()
