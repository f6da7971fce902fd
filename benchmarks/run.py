"""``make bench``: runs every benchmark and prints Markdown tables; ``run.py engine llm`` runs some."""

from __future__ import annotations

import os
import platform
import sys

import answer_quality
import engine
import host_scan
import imports
import llm
import splitting

BENCHMARKS = {
    "engine": ("Engine overhead", engine.main),
    "llm": ("Model calls", llm.main),
    "host": ("Plugin host", host_scan.main),
    "imports": ("Start-up", imports.main),
    "splitting": ("Splitters", splitting.main),
    "quality": ("Answers", answer_quality.main),
}


def main(names: list[str]) -> int:
    """Prints the tables."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}\n")
    for name in names or list(BENCHMARKS):
        title, function = BENCHMARKS[name]
        print(f"## {title}\n\n| what | figure |\n|---|---|")
        for row in function():
            print(f"| {row[0]} | {row[1]} |", flush=True)
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
