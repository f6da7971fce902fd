"""Calls in flight, none of which is answered before all have arrived: memory and descriptors. Prints JSON."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
import urllib.request
from itertools import count
from pathlib import Path

from graphbit_core import ChatRequest, LlmClient, Message

SPARE = 200
"""Descriptors for everything but calls."""


def resident() -> float:
    """KiB of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024


def descriptors() -> int:
    """Open descriptors."""
    return len(list(Path("/proc/self/fd").iterdir()))


def settled(figure, base: float, seconds: float = 10.0) -> float:
    """``figure`` once it is near ``base``, or after ``seconds``."""
    until = time.monotonic() + seconds
    while figure() > base * 1.1 + 10 and time.monotonic() < until:
        time.sleep(0.05)
    return figure()


async def main(server: str, wanted: int) -> dict[str, float]:
    """Opens them, waits until all have arrived, has them answered."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    calls = min(wanted, hard - SPARE)
    limits = {"max_concurrency": calls, "queue": calls}
    client = LlmClient(
        "openai:m", api_key="sk-held", base_url=f"{server}/held/v1", limits=limits, timeout=300
    )
    request = ChatRequest([Message("user", "Hello")])

    def ask(path: str) -> int:
        with urllib.request.urlopen(f"{server}/{path}") as reply:
            return int(json.load(reply) or 0)

    async def crowd(size: int) -> tuple[int, float, int]:
        waiting = [asyncio.ensure_future(client.respond_async(request)) for _ in range(size)]
        for _ in count():
            await asyncio.sleep(0.05)
            if await asyncio.to_thread(ask, "held") == size:
                break
        most, open_now = resident(), descriptors()
        await asyncio.to_thread(ask, "release")
        answers = await asyncio.gather(*waiting, return_exceptions=True)
        return sum(getattr(answer, "text", "") != "" for answer in answers), most, open_now

    await crowd(10)
    base, open_before = resident(), descriptors()
    ok, most, open_most = await crowd(calls)
    return {
        "calls": calls,
        "descriptors_allowed": hard,
        "ok": ok,
        "kib_each": (most - base) / calls,
        "open_most": open_most,
        "base_mib": base / 1024,
        "open_before": open_before,
    }


if __name__ == "__main__":
    row = asyncio.run(main(sys.argv[1], int(sys.argv[2])))
    row["after_mib"] = settled(resident, row["base_mib"] * 1024) / 1024
    # Connections are dropped when they have idled for 30 s, which is looked at every 30 s.
    row["open_after"] = settled(descriptors, row["open_before"], 65 if "--idle" in sys.argv else 0)
    print(json.dumps(row))
