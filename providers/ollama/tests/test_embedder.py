from __future__ import annotations

import json
from typing import Any

import pytest
from graphbit_ollama import OllamaEmbedder

from graphbit_core import (
    BadRequestError,
    ConfigError,
    DecodeError,
    EmbeddingClient,
    HttpResponse,
    ProviderError,
)
from graphbit_core.testing import ModelServer, Reply


def body(*vectors: Any, **more: Any) -> dict[str, Any]:
    return {"model": "m", "embeddings": list(vectors), "prompt_eval_count": 5, **more}


def decode(content: Any) -> Any:
    return OllamaEmbedder().codec().decode(HttpResponse(200, {}, json.dumps(content).encode()))


def test_a_client_gets_vectors_in_the_order_of_its_texts() -> None:
    with ModelServer(Reply.json(body([0.5, 1], [0, 0.25]))) as server:
        client = EmbeddingClient(
            "ollama:nomic-embed-text", base_url=server.url, dimensions=2, keep_alive="5m"
        )
        assert client.embed(["a", "b"]) == [[0.5, 1.0], [0.0, 0.25]]
        [request] = server.requests()
    assert request.path == "/api/embed"
    assert request.json() == {
        "model": "nomic-embed-text",
        "input": ["a", "b"],
        "truncate": False,
        "dimensions": 2,
        "keep_alive": "5m",
    }


def test_tokens_and_model_are_told() -> None:
    found = decode(body([1.0]))
    assert (found.usage.input_tokens, found.model) == (5, "m")


@pytest.mark.parametrize(
    "content",
    [
        {},
        [],
        body(7),
        body([]),
        body(["1"]),
        body([True]),
        body([1.0], [1.0, 2.0]),
        body([float("nan")]),
        body([10**400]),
    ],
)
def test_anything_else_is_a_decode_error(content: Any) -> None:
    with pytest.raises(DecodeError):
        decode(content)


def test_an_error_with_status_200_is_an_error() -> None:
    with pytest.raises(ProviderError, match="stopped"):
        decode({"error": "the runner has stopped"})


def test_a_model_that_is_missing_is_told_with_how_to_get_it() -> None:
    error = OllamaEmbedder().codec().error(HttpResponse(404, {}, b'{"error":"model not found"}'))
    assert type(error) is BadRequestError
    assert "ollama pull embeddinggemma" in str(error)


def test_the_fingerprint_changes_whenever_vectors_would() -> None:
    made = [OllamaEmbedder(), OllamaEmbedder(model="m"), OllamaEmbedder(dimensions=8)]
    assert len({one.fingerprint for one in made}) == 3
    assert [one.dimensions for one in made] == [None, None, 8]


@pytest.mark.parametrize("setting", [{"max_batch": 0}, {"dimensions": 0}])
def test_a_number_out_of_range_is_refused(setting: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(setting))):
        OllamaEmbedder(**setting)
