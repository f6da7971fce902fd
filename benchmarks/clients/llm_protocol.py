"""What every client of the ``llm`` benchmark does: the same calls, measured in the same way, printed as JSON.

Runs in the peers' environments too, so it needs the standard library only.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

MODEL, KEY, PROMPT = "m", "sk-benchmark-key-0000", "Hello"
BODY = {"model": MODEL, "messages": [{"role": "user", "content": PROMPT}]}
CONCURRENCY = 100

url, calls, streams = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
"""Base URL of the server, and how much to do."""


def cpu() -> float:
    """CPU seconds of all threads of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


@contextmanager
def measured(row: dict[str, float], what: str, count: int) -> Iterator[None]:
    """Puts the CPU time per piece, and pieces per second, into ``row``."""
    before, started = cpu(), time.perf_counter()
    yield
    wall = time.perf_counter() - started
    row[f"cpu_{what}"], row[f"rate_{what}"] = (cpu() - before) / count, count / wall


async def many(call: Callable[[], Awaitable[object]], count: int) -> None:
    """``count`` calls, ``CONCURRENCY`` at a time."""
    left = iter(range(count))

    async def work() -> None:
        for _ in left:
            await call()

    await asyncio.gather(*(work() for _ in range(CONCURRENCY)))


async def calls_of(row: dict[str, float], call: Callable[[], Awaitable[object]], what: str = "call") -> None:
    """Measures calls, after some that do not count."""
    await many(call, 2 * CONCURRENCY)
    with measured(row, what, calls):
        await many(call, calls)


async def streams_of(row: dict[str, float], stream: Callable[[], Awaitable[int]]) -> None:
    """Measures streams, which return their number of chunks, after one that does not count."""
    chunks = await stream()
    with measured(row, "chunk", streams * chunks):
        for _ in range(streams):
            await stream()


def say(row: dict[str, float]) -> None:
    """Prints the figures."""
    print(json.dumps(row))
