"""Embeddings of a real server."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest

from graphbit_core import EmbeddingClient, UnavailableError
from tests.integration.conftest import LlamaServer
from tests.integration.tiny_model import WIDTH

NEAR = 5e-3
"""How far the vectors of a text are apart that was alone in its request or among others."""
TEXTS = ["The weather in Zürich", "a cat", "the weather in Zürich!", "👋"]


@pytest.fixture
def server(llama_embeddings: LlamaServer) -> LlamaServer:
    return llama_embeddings


def client(server: LlamaServer, **settings: Any) -> EmbeddingClient:
    return EmbeddingClient("openai:tiny", base_url=f"{server.url}/v1", api_key="none", timeout=30, **settings)


def near(left: Any, right: Any, distance: float = 1e-6) -> bool:
    return math.dist(left, right) <= distance


def test_vectors_are_the_same_as_numbers_and_as_base64(server: LlamaServer) -> None:
    numbers = client(server, encoding="float").embed(TEXTS)
    packed = client(server, encoding="base64").embed(TEXTS)
    assert [len(vector) for vector in packed] == [WIDTH] * len(TEXTS)
    assert all(near(left, right) for left, right in zip(numbers, packed, strict=True))


def test_vectors_are_in_the_order_of_their_texts(server: LlamaServer) -> None:
    batch = client(server).embed(TEXTS)
    one_by_one = [client(server).embed([text])[0] for text in TEXTS]
    assert all(near(left, right, NEAR) for left, right in zip(batch, one_by_one, strict=True))
    assert not near(batch[0], batch[1], 1e-2)


def test_more_texts_than_one_request_takes_are_sent_in_several(server: LlamaServer) -> None:
    texts = [f"text {number}" for number in range(10)]
    several = client(server, max_batch=3).embed(texts)
    at_once = client(server).embed(texts)
    assert all(near(left, right, NEAR) for left, right in zip(several, at_once, strict=True))


def test_many_batches_at_once_each_get_their_own_vectors(server: LlamaServer) -> None:
    async def ask_all() -> list[Any]:
        asked = client(server)
        return await asyncio.gather(*(asked.embed_async([text]) for text in TEXTS * 5))

    found = asyncio.run(ask_all())
    whole = client(server).embed(TEXTS)
    assert all(near(vectors[0], whole[at % len(TEXTS)], NEAR) for at, vectors in enumerate(found))


def test_a_text_that_is_too_long_is_the_error_that_the_server_says_it_is(server: LlamaServer) -> None:
    """It takes it for a fault of its own, with status 500."""
    with pytest.raises(UnavailableError, match="too large to process") as caught:
        client(server, policy={"max_attempts": 1}).embed(["x" * 20_000])
    assert (caught.value.status, caught.value.code) == (500, "server_error")
