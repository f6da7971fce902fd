from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from graphbit_core import AuthError, DecodeError, EmbeddingClient, Host, Vector
from graphbit_core.testing import ModelServer, Reply
from graphbit_core.testing.model_server import Received
from graphbit_core.testing.replies import error_body
from tests.llm.conftest import open_embedder


def lengths(request: Received) -> Reply:
    """The length of each text as its vector, last text first."""
    rows = [{"index": i, "embedding": [float(len(t))]} for i, t in enumerate(request.json()["input"])]
    return Reply.json({"data": rows[::-1], "usage": {"prompt_tokens": 3}})


class Lengths:
    """Embeds a text as its length."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    dimensions = None
    fingerprint = "lengths"

    def __init__(self, model: str = "", drops: int = 0) -> None:
        self.model, self.drops = model, drops
        self.threads: list[threading.Thread] = []

    def embed(self, texts: Sequence[str]) -> list[Vector]:
        self.threads.append(threading.current_thread())
        return [[float(len(text))] for text in texts[self.drops :]]


def local(name: str = "lengths", **settings: Any) -> EmbeddingClient:
    return EmbeddingClient(
        name, host=Host.isolated(components={("embedder", "lengths"): Lengths}), **settings
    )


def both(client: EmbeddingClient, texts: Sequence[str]) -> list[Vector]:
    """What ``embed`` gives, after checking that ``embed_async`` gives the same."""
    vectors = client.embed(texts)
    assert asyncio.run(client.embed_async(texts)) == vectors
    return vectors


TEXTS = ["x" * n for n in range(10)]
VECTORS = [[float(n)] for n in range(10)]


def test_batches_keep_their_order(server: ModelServer) -> None:
    url = server.script(lengths)
    assert both(open_embedder(url, max_batch=3, model="any"), TEXTS) == VECTORS
    assert sorted(len(request.json()["input"]) for request in server.requests(url)) == [1, 1, *[3] * 6]


def test_a_batch_is_bounded_by_its_size_too(server: ModelServer) -> None:
    url = server.script(lengths)
    texts = ["x" * 200_000, "y" * 60_000, "z" * 400_000, "", "w"]
    assert open_embedder(url).embed(texts) == [[200_000.0], [60_000.0], [400_000.0], [0.0], [1.0]]
    sent = [[len(text) for text in request.json()["input"]] for request in server.requests(url)]
    assert sorted(sent) == [[0, 1], [60_000], [200_000], [400_000]]


def test_nothing_is_sent_for_no_texts(server: ModelServer) -> None:
    assert both(open_embedder(server.url), []) == []
    assert server.requests() == []


def test_the_length_of_vectors_is_learned_where_only_the_api_knows_it(server: ModelServer) -> None:
    client = open_embedder(server.script(lengths), model="unknown")
    assert client.dimensions is None
    client.embed(["a"])
    assert client.dimensions == 1


def test_the_model_is_the_part_after_the_colon() -> None:
    client = local("lengths:of-words")
    assert (client.name, client.model, client.fingerprint) == ("lengths", "of-words", "lengths")


def test_an_embedder_of_this_process_works_off_the_loop() -> None:
    client = local()
    assert both(client, TEXTS) == VECTORS
    embedder: Lengths = client._embedder  # type: ignore[assignment]
    assert embedder.threads[0] is threading.main_thread()
    assert embedder.threads[1] is not threading.main_thread()


def test_an_embedder_that_drops_a_text_is_an_error() -> None:
    with pytest.raises(DecodeError, match="9 vectors for 10 texts"):
        local(drops=1).embed(TEXTS)


def test_an_error_of_the_api_is_typed_and_signed(server: ModelServer) -> None:
    client = open_embedder(server.script(Reply.json(error_body("no"), 401)), model="any")
    with pytest.raises(AuthError) as caught:
        client.embed(["a"])
    assert caught.value.facts() == {
        "provider": "openai",
        "model": "any",
        "status": 401,
        "code": "error",
        "attempts": 1,
    }
