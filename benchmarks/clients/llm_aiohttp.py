"""Raw aiohttp: posts JSON and parses the reply; for a stream reads lines and parses each."""

from __future__ import annotations

import asyncio
import json

import aiohttp
from llm_protocol import BODY, CONCURRENCY, calls_of, say, streams_of, url

WHERE = url + "/chat/completions"


async def main() -> None:
    """Measures and prints."""
    row: dict[str, float] = {}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONCURRENCY)) as session:

        async def call() -> None:
            async with session.post(WHERE, json=BODY) as reply:
                assert (await reply.json())["choices"]

        async def stream() -> int:
            chunks = 0
            async with session.post(WHERE, json={**BODY, "stream": True}) as reply:
                async for line in reply.content:
                    if line.startswith(b"data: {"):
                        chunks += bool(json.loads(line[6:])["choices"])
            return chunks

        await calls_of(row, call)
        await streams_of(row, stream)
    say(row)


asyncio.run(main())
