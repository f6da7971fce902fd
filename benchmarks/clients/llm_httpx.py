"""Raw httpx: posts JSON and parses the reply; for a stream reads lines and parses each."""

from __future__ import annotations

import asyncio
import json

import httpx
from llm_protocol import BODY, CONCURRENCY, calls_of, say, streams_of, url

WHERE = url + "/chat/completions"


async def main() -> None:
    """Measures and prints."""
    row: dict[str, float] = {}
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=CONCURRENCY), timeout=60) as client:

        async def call() -> None:
            assert (await client.post(WHERE, json=BODY)).json()["choices"]

        async def stream() -> int:
            chunks = 0
            async with client.stream("POST", WHERE, json={**BODY, "stream": True}) as reply:
                async for line in reply.aiter_lines():
                    if line.startswith("data: {"):
                        chunks += bool(json.loads(line[6:])["choices"])
            return chunks

        await calls_of(row, call)
        await streams_of(row, stream)
    say(row)


asyncio.run(main())
