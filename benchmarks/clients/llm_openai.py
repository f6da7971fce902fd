"""The openai SDK."""

from __future__ import annotations

import asyncio

import openai
from llm_protocol import BODY, KEY, calls_of, say, streams_of, url


async def main() -> None:
    """Measures and prints."""
    row: dict[str, float] = {}
    async with openai.AsyncOpenAI(api_key=KEY, base_url=url) as client:

        async def call() -> None:
            assert (await client.chat.completions.create(**BODY)).choices

        async def stream() -> int:
            chunks = 0
            async for chunk in await client.chat.completions.create(**BODY, stream=True):
                chunks += bool(chunk.choices)
            return chunks

        await calls_of(row, call)
        await streams_of(row, stream)
    say(row)


asyncio.run(main())
