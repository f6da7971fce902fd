"""``make bench``: runs every benchmark and prints Markdown tables; ``run.py engine llm`` runs some."""

from __future__ import annotations

import os
import platform
import sys

import answer_quality
import cancellation
import engine
import engine_peers
import events
import host_scan
import imports
import llm
import models
import new_plugin
import splitting
import start_up
from table import table

FIGURES = ("what", "figure")
BENCHMARKS = {
    "engine": ("Engine overhead", FIGURES, engine.main),
    "cancellation": ("Cancelling a run", FIGURES, cancellation.main),
    "events": ("Events of a run", FIGURES, events.main),
    "peers": ("Engine beside peers", engine_peers.HEADER, engine_peers.main),
    "llm": ("Model calls", llm.HEADER, llm.main),
    "memory": ("Memory of model calls", FIGURES, llm.memory),
    "models": ("Registry of models", FIGURES, models.main),
    "host": ("Plugin host", FIGURES, host_scan.main),
    "imports": ("Imports", FIGURES, imports.main),
    "start-up": ("Start-up with add-ons", start_up.HEADER, start_up.main),
    "new-plugin": ("From an empty folder to a plugin in use", FIGURES, new_plugin.main),
    "splitting": ("Splitters", FIGURES, splitting.main),
    "quality": ("Answers", FIGURES, answer_quality.main),
}


def main(names: list[str]) -> int:
    """Prints the tables."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}\n")
    for name in names or list(BENCHMARKS):
        title, header, function = BENCHMARKS[name]
        print(f"## {title}\n", flush=True)
        print(table(header, function()), end="\n\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
