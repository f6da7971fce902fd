from __future__ import annotations

import base64
import json
import struct
from typing import Any

import pytest
from graphbit_openai import OpenAIEmbedder

from graphbit_core import BadRequestError, ConfigError, DecodeError, HttpResponse, ValidationError


def embedder(**settings: Any) -> OpenAIEmbedder:
    return OpenAIEmbedder(api_key="sk-test-1234567", **settings)


def reply(*embeddings: Any, **more: Any) -> HttpResponse:
    rows = [{"object": "embedding", "index": i, "embedding": e} for i, e in enumerate(embeddings)]
    body = {"data": rows, "model": "m", "usage": {"prompt_tokens": 5, "total_tokens": 5}, **more}
    return HttpResponse(200, {}, json.dumps(body).encode())


def test_base64_is_read_as_little_endian_32_bit_floats() -> None:
    encoded = base64.b64encode(struct.pack("<3f", 1.0, -0.5, 2.0**-20)).decode()
    found = embedder().codec().decode(reply(encoded, [0.25, 1, 0]))
    assert found.vectors == [[1.0, -0.5, 2.0**-20], [0.25, 1.0, 0.0]]
    assert found.usage.input_tokens == 5


def test_vectors_are_put_in_the_order_of_their_index() -> None:
    rows = [{"index": 1, "embedding": [1.0]}, {"index": 0, "embedding": [0.0]}]
    response = HttpResponse(200, {}, json.dumps({"data": rows}).encode())
    assert embedder().codec().decode(response).vectors == [[0.0], [1.0]]


@pytest.mark.parametrize(
    "response",
    [
        HttpResponse(200, {}, b"{}"),
        HttpResponse(200, {}, b'{"data":[7]}'),
        HttpResponse(200, {}, b'{"data":[{"index":1,"embedding":[1]}]}'),
        HttpResponse(200, {}, b'{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]}'),
        HttpResponse(200, {}, b'{"data":[{"index":[],"embedding":[1]}]}'),
        reply("%%%"),
        reply("AAA="),
        reply(""),
        reply([]),
        reply([1.0], [1.0, 2.0]),
        reply(["1.0"]),
        reply([True]),
        reply(base64.b64encode(struct.pack("<f", float("nan"))).decode()),
    ],
)
def test_anything_else_is_a_decode_error(response: HttpResponse) -> None:
    with pytest.raises(DecodeError):
        embedder().codec().decode(response)


def test_an_error_with_status_200_is_an_error() -> None:
    body = b'{"error":{"message":"too long","type":"invalid_request_error"}}'
    with pytest.raises(BadRequestError, match="too long"):
        embedder().codec().decode(HttpResponse(200, {}, body))


def test_dimensions_and_encoding_are_sent() -> None:
    request = embedder(dimensions=8, encoding="float").codec().encode(["a", "b"])
    assert request.url == "https://api.openai.com/v1/embeddings"
    assert json.loads(request.body) == {
        "input": ["a", "b"],
        "model": "text-embedding-3-small",
        "encoding_format": "float",
        "dimensions": 8,
    }


def test_the_fingerprint_changes_whenever_vectors_would() -> None:
    made = [
        embedder(),
        embedder(model="text-embedding-3-large"),
        embedder(dimensions=8),
        embedder(base_url="https://other.example/v1"),
    ]
    assert len({one.fingerprint for one in made}) == 4
    assert embedder().fingerprint == OpenAIEmbedder(api_key="sk-another-key-9").fingerprint
    assert [one.dimensions for one in made] == [1536, 3072, 8, 1536]
    assert embedder(model="unknown").dimensions is None


@pytest.mark.parametrize("setting", [{"max_batch": 0}, {"max_batch": 2049}, {"dimensions": 0}])
def test_a_number_out_of_range_is_refused_by_name(setting: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(setting))):
        embedder(**setting)


def test_an_encoding_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(ValidationError) as caught:
        embedder(encoding="x")
    assert caught.value.field == "encoding"
