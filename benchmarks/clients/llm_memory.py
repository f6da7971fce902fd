"""Memory of a provider and of its clients, and what a stream loses on its way. Prints JSON."""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time

from graphbit_core import Host, LlmClient

CLIENTS = 200


def resident() -> float:
    """KiB of this process that are in memory."""
    with open("/proc/self/statm") as numbers:
        return int(numbers.read().split()[1]) * resource.getpagesize() / 1024


def main(server: str) -> dict[str, float]:
    """Imports, makes clients, reads one paced stream."""
    Host()
    before = resident()
    first = LlmClient("openai:m", api_key="sk-memory", base_url=f"{server}/paced/v1")
    imported = resident()
    others = [LlmClient("openai:m", api_key=f"sk-{i}", base_url=f"{server}/v1") for i in range(CLIENTS)]
    made = resident()
    late = []
    for text in first.stream("Hello"):
        late.append((time.monotonic() - float(text)) * 1000)
    late.sort()
    return {
        "import_kib": imported - before,
        "client_kib": (made - imported) / len(others),
        "stream_ms": statistics.median(late),
        "stream_ms_99": late[int(len(late) * 0.99)],
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
