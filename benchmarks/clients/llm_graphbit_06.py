"""GraphBit 0.6.8. Of its providers this one takes a base URL and speaks the OpenAI dialect."""

from __future__ import annotations

import asyncio

from graphbit import LlmClient, LlmConfig
from llm_protocol import KEY, MODEL, PROMPT, calls_of, say, streams_of, url


async def main() -> None:
    """Measures and prints."""
    row: dict[str, float] = {}
    client = LlmClient(LlmConfig.bytedance(KEY, MODEL, url))

    async def call() -> None:
        assert await client.complete_async(PROMPT)

    await calls_of(row, call)
    if hasattr(client, "complete_stream"):

        async def stream() -> int:
            chunks = 0
            async for _ in client.complete_stream(PROMPT):
                chunks += 1
            return chunks

        await streams_of(row, stream)
    say(row)


asyncio.run(main())
