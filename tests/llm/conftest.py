from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from graphbit_openai import OpenAIEmbedder, OpenAIProvider

from graphbit_core import EmbeddingClient, Host, LlmClient
from graphbit_core.kernel.calls import engine
from graphbit_core.testing import ModelServer

HASTY = {"max_attempts": 1, "first_byte_timeout": 0.2, "idle_timeout": 0.2, "progress_timeout": 0.4}
"""One attempt, and no patience."""
KEY = "sk-canary-7f3a9c21d84e"

WAYS = ("blocking", "async", "stream", "async stream")


def ask(client: LlmClient, way: str) -> str:
    """The answer to "Hi", asked for in one of the ``WAYS``."""
    if way == "blocking":
        return client.complete("Hi")
    if way == "async":
        return asyncio.run(client.complete_async("Hi"))
    if way == "stream":
        return "".join(client.stream("Hi"))

    async def read() -> str:
        return "".join([piece async for piece in client.stream("Hi")])

    return asyncio.run(read())


def defaults(url: str) -> dict[str, Any]:
    """Settings of clients in tests; a call that hangs fails within 10 seconds."""
    return {"base_url": url, "api_key": KEY, "timeout": 10}


def open_client(url: str, model: str = "scripted-1", **settings: Any) -> LlmClient:
    host = Host.isolated(components={("provider", "openai"): OpenAIProvider})
    return LlmClient(f"openai:{model}", **{**defaults(url), "host": host, **settings})


def open_embedder(url: str, **settings: Any) -> EmbeddingClient:
    host = Host.isolated(components={("embedder", "openai"): OpenAIEmbedder})
    return EmbeddingClient("openai", **{**defaults(url), "host": host, **settings})


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture(autouse=True)
def _no_call_is_left_behind() -> Iterator[None]:
    yield
    assert engine().in_flight() == 0


@pytest.fixture
def everyone_left(server: ModelServer) -> Callable[[], bool]:
    """Whether every peer leaves within 0.2 seconds."""
    return lambda: server.wait(lambda: server.open_peers() == 0, timeout=0.2)
