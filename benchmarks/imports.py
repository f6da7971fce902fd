"""What ``import graphbit_core`` costs: time and memory of a fresh interpreter, less those of an empty one."""

from __future__ import annotations

import statistics
import subprocess
import sys

_CHILD = """
import time
started = time.perf_counter()
{statement}
taken = time.perf_counter() - started
# VmHWM starts anew with the program; getrusage would count the parent's memory at the fork.
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(taken * 1000, int(peak) / 1024)
"""


def measure(statement: str, repetitions: int = 9) -> tuple[float, float]:
    """Median milliseconds of the statement, and median peak memory of the process in MB."""
    times, sizes = [], []
    for _ in range(repetitions):
        out = subprocess.run(
            [sys.executable, "-c", _CHILD.format(statement=statement)],
            check=True,
            capture_output=True,
            text=True,
        )
        taken, size = map(float, out.stdout.split())
        times.append(taken)
        sizes.append(size)
    return statistics.median(times), statistics.median(sizes)


def main() -> list[tuple[str, str]]:
    """Rows of the table."""
    rows = []
    for statement in (
        "pass",
        "import graphbit_core",
        "from graphbit_core import Executor, LlmClient, Workflow",
    ):
        taken, size = measure(statement)
        rows.append((f"`{statement}`", f"{taken:.1f} ms, {size:.1f} MB peak"))
    return rows


if __name__ == "__main__":
    for row in main():
        print(": ".join(row))
