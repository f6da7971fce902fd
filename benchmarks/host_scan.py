"""How long the plugin host's one scan of installed distributions takes; the bar is 20 ms for 200 of them.

The import of importlib_metadata, at the host's first question, is not counted.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

README = "A line of the long description, as packages have it in their metadata.\n" * 150


def write_distribution(folder: Path, number: int, *, add_on: bool) -> None:
    info = folder / f"package_{number}-1.{number}.dist-info"
    info.mkdir()
    headers = f"Metadata-Version: 2.4\nName: package-{number}\nVersion: 1.{number}\nRequires-Dist: x>=1\n\n"
    (info / "METADATA").write_text(headers + README)
    group = "graphbit.loaders" if add_on else "console_scripts"
    (info / "entry_points.txt").write_text(f"[{group}]\nname{number} = package_{number}:Thing\n")


def measure(folder: Path) -> float:
    """Milliseconds of one scan in a fresh process, as a user's first question meets it."""
    code = (
        "import sys, time, importlib_metadata\n"
        "from graphbit_core.host.discovery import scan\n"
        "start = time.perf_counter(); scan([sys.argv[1]]); print((time.perf_counter() - start) * 1000)"
    )
    return float(subprocess.check_output([sys.executable, "-c", code, str(folder)]))


def main() -> list[tuple[str, str]]:
    """Rows of the table."""
    rows = []
    for add_ons in (0, 20, 200):
        with tempfile.TemporaryDirectory() as folder:
            for number in range(200):
                write_distribution(Path(folder), number, add_on=number < add_ons)
            taken = statistics.median(measure(Path(folder)) for _ in range(9))
        rows.append((f"scan of 200 distributions, {add_ons} of them add-ons", f"{taken:.1f} ms"))
    return rows


if __name__ == "__main__":
    for row in main():
        print(": ".join(row))
