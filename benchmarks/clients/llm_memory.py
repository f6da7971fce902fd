"""Memory of a provider and of its clients, and what a stream loses on its way. Prints JSON."""

from __future__ import annotations

import importlib
import json
import resource
import statistics
import sys
import time
from pathlib import Path

from graphbit_core import LlmClient
from graphbit_core.kernel.calls import engine

CLIENTS = 200


def resident() -> float:
    """KiB of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024


def main(server: str) -> dict[str, float]:
    """Imports, makes clients, reads one paced stream."""
    engine()
    before = resident()
    importlib.import_module("graphbit_openai")
    imported = resident()
    first = LlmClient("openai:m", api_key="sk-memory", base_url=f"{server}/paced/v1")
    opened = resident()
    others = [LlmClient("openai:m", api_key=f"sk-{i}", base_url=f"{server}/v1") for i in range(CLIENTS)]
    made = resident()
    late = []
    for text in first.stream("Hello"):
        late.append((time.monotonic() - float(text)) * 1000)
    late.sort()
    return {
        "import_kib": imported - before,
        "client_kib": (made - opened) / len(others),
        "stream_ms": statistics.median(late),
        "stream_ms_99": late[int(len(late) * 0.99)],
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
