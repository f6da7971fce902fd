from __future__ import annotations

import json
from typing import Any

import pytest
from graphbit_google import GoogleEmbedder

from graphbit_core import ConfigError, GraphBitError, HttpResponse

EMBEDDER = GoogleEmbedder(api_key="k", dimensions=2, task_type="RETRIEVAL_QUERY")


def reply(body: Any) -> HttpResponse:
    return HttpResponse(200, {}, json.dumps(body).encode())


def test_each_text_is_a_request_of_the_batch() -> None:
    sent = EMBEDDER.codec().encode(["a", "b"])
    assert sent.url.endswith("/v1beta/models/gemini-embedding-001:batchEmbedContents")
    fields = {
        "model": "models/gemini-embedding-001",
        "taskType": "RETRIEVAL_QUERY",
        "outputDimensionality": 2,
    }
    expected = [{**fields, "content": {"parts": [{"text": text}]}} for text in "ab"]
    assert json.loads(sent.body) == {"requests": expected}


def test_vectors_are_read_in_order() -> None:
    body = {
        "embeddings": [{"values": [1, 0.5]}, {"values": [0, 1e-3]}],
        "usageMetadata": {"promptTokenCount": 4},
    }
    found = EMBEDDER.codec().decode(reply(body))
    assert [list(vector) for vector in found.vectors] == [[1.0, 0.5], [0.0, 1e-3]]
    assert found.usage.input_tokens == 4


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"embeddings": [{}]},
        {"embeddings": [{"values": []}]},
        {"embeddings": [{"values": ["1"]}]},
        {"embeddings": [{"values": [True]}]},
        {"embeddings": [{"values": [10**400]}]},
        {"embeddings": [{"values": [1]}, {"values": [1, 2]}]},
        {"error": {"code": 503}},
    ],
)
def test_what_is_no_vector_is_an_error(body: Any) -> None:
    with pytest.raises(GraphBitError):
        EMBEDDER.codec().decode(reply(body))


def test_the_fingerprint_tells_model_length_task_and_server() -> None:
    others: list[dict[str, Any]] = [
        {},
        {"model": "gemini-embedding-2"},
        {"dimensions": 768},
        {"task_type": "RETRIEVAL_DOCUMENT"},
        {"base_url": "https://other.example"},
    ]
    assert len({GoogleEmbedder(api_key="k", **settings).fingerprint for settings in others}) == len(others)


@pytest.mark.parametrize("wrong", [{"max_batch": 101}, {"max_batch": 0}, {"dimensions": 0}])
def test_numbers_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        GoogleEmbedder(api_key="k", **wrong)
