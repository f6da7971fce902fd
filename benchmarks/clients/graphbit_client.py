"""The same work through LlmClient. Prints JSON."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time

from graphbit_core import ChatRequest, LlmClient, Message

REQUEST = ChatRequest([Message("user", "Hello")])


def cpu() -> float:
    """CPU seconds of this process so far, all threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def main(url: str, calls: int, concurrency: int, streams: int) -> None:
    """Warms up, measures, prints."""
    client = LlmClient("openai:m", api_key="sk-benchmark-key-0000", base_url=url)
    await asyncio.gather(*(client.respond_async(REQUEST) for _ in range(concurrency)))
    before, started = cpu(), time.perf_counter()
    left = iter(range(calls))

    async def worker() -> None:
        for _ in left:
            await client.respond_async(REQUEST)

    await asyncio.gather(*(worker() for _ in range(concurrency)))
    per_call, wall = (cpu() - before) / calls, time.perf_counter() - started
    seen: list[object] = []
    await client.respond_async(REQUEST, on_delta=seen.append)
    seen.clear()
    before = cpu()
    for _ in range(streams):
        await client.respond_async(REQUEST, on_delta=seen.append)
    row = {"cpu_call": per_call, "calls_s": calls / wall, "cpu_chunk": (cpu() - before) / len(seen)}
    print(json.dumps(row))


asyncio.run(main(sys.argv[1], *map(int, sys.argv[2:5])))
