"""GraphBit 0.6.8. Of its providers this one takes a base URL and speaks the OpenAI dialect; it does not
stream.
"""

from __future__ import annotations

import asyncio
import os
import sys

from graphbit import LlmClient, LlmConfig
from llm_protocol import KEY, MODEL, PROMPT, calls_of, say, url


async def main() -> None:
    """Measures and prints."""
    row: dict[str, float] = {}
    client = LlmClient(LlmConfig.bytedance(KEY, MODEL, url))

    async def call() -> None:
        assert await client.complete_async(PROMPT)

    await calls_of(row, call)
    say(row)
    sys.stdout.flush()
    os._exit(0)  # it crashes now and then when the interpreter ends


asyncio.run(main())
