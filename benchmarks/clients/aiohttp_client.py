"""Raw aiohttp: posts JSON and parses the reply; for a stream reads lines and parses each. Prints JSON."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time

import aiohttp

BODY = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}


async def call(session: aiohttp.ClientSession, url: str) -> None:
    """One whole reply."""
    async with session.post(url, json=BODY) as reply:
        assert (await reply.json())["choices"]


async def stream(session: aiohttp.ClientSession, url: str) -> int:
    """One stream; returns its chunks."""
    chunks = 0
    async with session.post(url, json={**BODY, "stream": True}) as reply:
        async for line in reply.content:
            if line.startswith(b"data: {"):
                chunks += bool(json.loads(line[6:])["choices"])
    return chunks


def cpu() -> float:
    """CPU seconds of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def main(url: str, calls: int, concurrency: int, streams: int) -> None:
    """Warms up, measures, prints."""
    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(call(session, url) for _ in range(concurrency)))
        before, started = cpu(), time.perf_counter()
        left = iter(range(calls))

        async def worker() -> None:
            for _ in left:
                await call(session, url)

        await asyncio.gather(*(worker() for _ in range(concurrency)))
        per_call, wall = (cpu() - before) / calls, time.perf_counter() - started
        await stream(session, url)
        before = cpu()
        chunks = 0
        for _ in range(streams):
            chunks += await stream(session, url)
        print(
            json.dumps(
                {"cpu_call": per_call, "calls_s": calls / wall, "cpu_chunk": (cpu() - before) / chunks}
            )
        )


asyncio.run(main(sys.argv[1] + "/chat/completions", *map(int, sys.argv[2:5])))
