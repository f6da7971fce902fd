"""LiteLLM, with its OpenAI dialect."""

from __future__ import annotations

import asyncio
import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it fetches its price table

import litellm
from llm_protocol import BODY, KEY, MODEL, calls_of, say, streams_of, url

SETTINGS = {**BODY, "model": f"openai/{MODEL}", "api_base": url, "api_key": KEY}


async def main() -> None:
    """Measures and prints."""
    litellm.telemetry = False
    row: dict[str, float] = {}

    async def call() -> None:
        assert (await litellm.acompletion(**SETTINGS)).choices

    async def stream() -> int:
        chunks = 0
        async for chunk in await litellm.acompletion(**SETTINGS, stream=True):
            chunks += bool(chunk.choices)
        return chunks

    await calls_of(row, call)
    await streams_of(row, stream)
    say(row)


asyncio.run(main())
