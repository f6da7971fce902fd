"""The responses API of a real server, which is not OpenAI's in all: each difference is a test here."""

from __future__ import annotations

from typing import Any

import pytest

from graphbit_core import (
    BadRequestError,
    ChatRequest,
    Delta,
    JsonOutput,
    LlmClient,
    Message,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolSpec,
)
from tests.integration.conftest import LlamaServer
from tests.integration.tiny_model import CONTEXT

HI = Message("user", "Grüß Gott 👋")
LOOK = ToolSpec("look", "Looks.", {"type": "object", "properties": {}})


@pytest.fixture
def client(llama: LlamaServer) -> LlmClient:
    return LlmClient("openai_responses:tiny", base_url=f"{llama.url}/v1", api_key="none", timeout=30)


def request(*messages: Message, **fields: Any) -> ChatRequest:
    return ChatRequest(messages or (HI,), max_tokens=24, **fields)


def test_an_answer_has_text_and_usage(client: LlmClient) -> None:
    answer = client.respond(request())
    assert answer.text
    assert answer.usage.output_tokens == 24
    assert answer.id.startswith("resp_")


def test_the_server_does_not_say_that_an_answer_was_cut_off(client: LlmClient) -> None:
    assert client.respond(request()).finish_reason == "stop"


def test_the_pieces_of_a_stream_are_its_answer_and_more_than_one(client: LlmClient) -> None:
    deltas: list[Delta] = []
    answer = client.respond(request(), on_delta=deltas.append)
    assert "".join(delta.text for delta in deltas) == answer.text
    assert len(deltas) > 3
    assert answer.usage.output_tokens == 24


def test_a_conversation_with_tools_and_open_reasoning_can_go_on(client: LlmClient) -> None:
    thought = ReasoningPart("Hm.", origin="openai-responses:text", id="rs_1")
    said = Message("assistant", (thought, TextPart("I look.")), tool_calls=(ToolCall("c1", "look", "{}"),))
    turns = (
        Message("system", "Be brief."),
        HI,
        said,
        Message("tool", (TextPart("1"), TextPart("2")), tool_call_id="c1"),
        Message("system", "Now German."),
        HI,
    )
    longer, shorter = client.respond(request(*turns)), client.respond(request())
    assert longer.text
    assert longer.usage.input_tokens > shorter.usage.input_tokens + len("Be brief.Now German.I look.")


def test_tools_can_be_offered(client: LlmClient) -> None:
    assert client.respond(request(tools=(LOOK,))).usage.output_tokens > 0


def test_the_server_ignores_a_schema_that_is_asked_for(client: LlmClient) -> None:
    """Its chat completions keep it; a client of this server uses those where it needs JSON."""
    output = JsonOutput({"type": "object", "properties": {"x": {"type": "boolean"}}, "required": ["x"]})
    assert not client.respond(request(output=output, temperature=0.0)).text.startswith("{")


def test_a_prompt_above_the_context_is_a_bad_request_that_says_so(client: LlmClient) -> None:
    for ask in (client.respond, lambda asked: list(client.stream(asked))):
        with pytest.raises(BadRequestError) as caught:
            ask(request(Message("user", "x" * (CONTEXT + 1))))
        assert (caught.value.status, caught.value.code) == (400, "exceed_context_size_error")
