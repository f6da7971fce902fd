"""Chat completions of a real server: its tokens are bytes, so that characters are split between them."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from graphbit_core import BadRequestError, ChatRequest, ChatResponse, Delta, JsonOutput, LlmClient, Message
from graphbit_core._native import Schema
from graphbit_core.kernel.calls import engine
from tests.integration.conftest import LlamaServer
from tests.integration.tiny_model import CONTEXT

PLACE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "maxLength": 8},
        "warm": {"type": "boolean"},
        "sky": {"enum": ["clear", "grey"]},
    },
    "required": ["city", "warm", "sky"],
    "additionalProperties": False,
}


@pytest.fixture(params=["openai", "llama_cpp"])
def client(llama: LlamaServer, request: pytest.FixtureRequest) -> LlmClient:
    return LlmClient(f"{request.param}:tiny", base_url=f"{llama.url}/v1", api_key="none", timeout=30)


def asking(text: str = "Grüß Gott 👋", tokens: int = 48, **fields: Any) -> ChatRequest:
    return ChatRequest((Message("user", text),), max_tokens=tokens, seed=7, **fields)


def test_an_answer_has_text_usage_and_a_reason_to_end(client: LlmClient) -> None:
    answer = client.respond(asking())
    assert answer.text
    assert (answer.finish_reason, answer.model) == ("length", "tiny")
    assert answer.usage.output_tokens == 48
    assert answer.usage.input_tokens > len("Grüß Gott 👋".encode())


def test_the_pieces_of_a_stream_are_its_answer_and_more_than_one(client: LlmClient) -> None:
    deltas: list[Delta] = []
    answer = client.respond(asking(), on_delta=deltas.append)
    assert "".join(delta.text for delta in deltas) == answer.text
    assert len(deltas) > 5
    assert (answer.finish_reason, answer.usage.output_tokens) == ("length", 48)


def test_characters_that_are_split_between_tokens_arrive_whole(client: LlmClient) -> None:
    """Bytes that are no character are replaced by the server; those that are must not be by us."""
    pieces: list[str] = []
    for seed in range(20):
        asked = ChatRequest((Message("user", "Hi"),), max_tokens=64, seed=seed)
        pieces += client.stream(asked)
    assert any(len(character.encode()) > 1 and character != "�" for piece in pieces for character in piece)
    assert all(piece for piece in pieces)


def test_a_seed_gives_the_same_answer_whole_and_streamed(client: LlmClient) -> None:
    """Up to the marks that the server puts for bytes that are no character: it puts fewer into a stream."""
    asked = asking(tokens=32, temperature=0.0, extra={"cache_prompt": False})
    streamed = "".join(client.stream(asked)).replace("�", "")
    assert streamed
    assert streamed == client.respond(asked).text.replace("�", "")


def test_json_output_is_json_that_fits_its_schema(client: LlmClient) -> None:
    schema = Schema(json.dumps(PLACE))
    for _ in range(3):
        answer = client.respond(asking(tokens=400, output=JsonOutput(PLACE)))
        assert answer.finish_reason == "stop"
        assert schema.check(answer.text) == []


def test_a_prompt_above_the_context_is_a_bad_request_that_says_so(client: LlmClient) -> None:
    with pytest.raises(BadRequestError, match="exceeds the available context size") as caught:
        client.respond(asking("x" * (CONTEXT + 1)))
    facts = caught.value.facts()
    assert (facts["status"], facts["code"], facts["attempts"]) == (400, "exceed_context_size_error", 1)


def test_a_request_that_the_server_cannot_read_is_a_bad_request(client: LlmClient) -> None:
    for ask in (client.respond, lambda asked: list(client.stream(asked))):
        with pytest.raises(BadRequestError, match="temperature") as caught:
            ask(asking(extra={"temperature": "hot"}))
        assert caught.value.code == "invalid_request_error"


def test_a_stream_that_is_left_is_noticed_by_the_server(client: LlmClient, llama: LlamaServer) -> None:
    """The whole answer would take the server more than ten seconds."""
    stream = client.stream(asking(tokens=CONTEXT - 200))
    pieces = iter(stream)
    next(pieces)
    assert llama.busy() == 1
    stream.close()
    limit = time.monotonic() + 2
    while llama.busy() and time.monotonic() < limit:
        time.sleep(0.01)
    assert llama.busy() == 0


def test_many_calls_at_once_each_get_their_own_answer(client: LlmClient) -> None:
    async def ask_all() -> list[ChatResponse]:
        asked = [asking(f"Say {number}.", 8 + number) for number in range(40)]
        return await asyncio.gather(*map(client.respond_async, asked))

    answers = asyncio.run(ask_all())
    assert [answer.usage.output_tokens for answer in answers] == [8 + number for number in range(40)]
    assert len({answer.id for answer in answers}) == 40
    assert engine().in_flight() == 0
