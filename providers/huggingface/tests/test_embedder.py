from __future__ import annotations

import json
from typing import Any

import pytest
from graphbit_huggingface import HuggingFaceEmbedder

from graphbit_core import (
    BadRequestError,
    ConfigError,
    DecodeError,
    EmbeddingClient,
    HttpResponse,
    ProviderError,
    UnavailableError,
)
from graphbit_core.testing import ModelServer, Reply


def embedder(**settings: Any) -> HuggingFaceEmbedder:
    return HuggingFaceEmbedder(api_key="hf_test1234567", **settings)


def reply(body: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(status, {}, json.dumps(body).encode())


def test_texts_go_to_the_pipeline_of_the_model_and_vectors_come_back_in_order() -> None:
    with ModelServer() as server:
        url = server.script(Reply.json([[0.0, 1.0], [1, 0.5]]))
        client = EmbeddingClient(
            "huggingface:org/name", api_key="hf_test1234567", base_url=url, truncate=True
        )
        assert client.embed(["one", "two"]) == [[0.0, 1.0], [1.0, 0.5]]
        [request] = server.requests(url)
    assert request.path.endswith("/models/org/name/pipeline/feature-extraction")
    assert request.json() == {"inputs": ["one", "two"], "truncate": True}
    assert request.headers["authorization"] == "Bearer hf_test1234567"


@pytest.mark.parametrize(
    "body", [{}, None, [7], [[]], [["1"]], [[True]], [[[0.5]]], [[1.0], [1.0, 2.0]], [[float("inf")]]]
)
def test_anything_but_a_vector_per_text_is_a_decode_error(body: Any) -> None:
    with pytest.raises(DecodeError):
        embedder().codec().decode(reply(body))


def test_a_model_of_tokens_is_told_from_one_of_sentences() -> None:
    with pytest.raises(DecodeError, match="name a model for sentences"):
        embedder().codec().decode(reply([[[0.5, 0.5], [0.5, 0.5]]]))


def test_errors_are_read_in_the_shapes_of_the_api() -> None:
    assert type(embedder().codec().error(reply({"error": ["too long"]}, 413))) is BadRequestError
    assert "too long" in str(embedder().codec().error(reply({"error": ["too long"]}, 413)))
    assert type(embedder().codec().error(reply({"error": "loading"}, 503))) is UnavailableError
    with pytest.raises(ProviderError, match="plain"):
        embedder().codec().decode(reply({"error": "plain"}))


def test_a_fingerprint_changes_with_model_options_and_server_but_not_with_the_key() -> None:
    made = [
        embedder(),
        embedder(model="org/other"),
        embedder(normalize=True),
        embedder(prompt_name="query"),
        embedder(base_url="https://own.example/x"),
    ]
    assert len({one.fingerprint for one in made}) == 5
    assert embedder().fingerprint == HuggingFaceEmbedder(api_key="hf_another123").fingerprint
    assert embedder().dimensions is None


def test_a_batch_of_no_texts_is_refused() -> None:
    with pytest.raises(ConfigError, match="max_batch"):
        embedder(max_batch=0)
