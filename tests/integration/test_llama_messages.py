"""The messages API, Anthropic's form, of a real server."""

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
    ToolCall,
    ToolSpec,
)
from tests.integration.conftest import LlamaServer
from tests.integration.tiny_model import CONTEXT

HI = Message("user", "Grüß Gott 👋")
LOOK = ToolSpec("look", "Looks.", {"type": "object", "properties": {}})


@pytest.fixture
def client(llama: LlamaServer) -> LlmClient:
    return LlmClient("anthropic:tiny", base_url=llama.url, api_key="none", timeout=30)


def asking(*messages: Message, **fields: Any) -> ChatRequest:
    return ChatRequest(messages or (HI,), max_tokens=24, **fields)


def test_an_answer_has_text_usage_and_a_reason_to_end(client: LlmClient) -> None:
    answer = client.respond(asking())
    assert answer.text
    assert (answer.finish_reason, answer.usage.output_tokens) == ("length", 24)
    assert answer.usage.input_tokens > len("Grüß Gott 👋".encode())


def test_tokens_that_came_from_the_cache_are_counted_as_input(client: LlmClient) -> None:
    first, second = (client.respond(asking()) for _ in range(2))
    assert second.usage.input_tokens == first.usage.input_tokens
    assert second.usage.cached_tokens > 0


def test_the_pieces_of_a_stream_are_its_answer_and_more_than_one(client: LlmClient) -> None:
    """Also where the server leaves out the beginning, which it does when a character is not complete yet."""
    for seed in range(10):
        deltas: list[Delta] = []
        answer = client.respond(asking(extra={"seed": seed}), on_delta=deltas.append)
        assert "".join(delta.text for delta in deltas) == answer.text
        assert len(deltas) > 3
        assert (answer.finish_reason, answer.usage.output_tokens) == ("length", 24)


def test_a_conversation_with_tools_can_go_on(client: LlmClient) -> None:
    said = Message("assistant", "I look.", tool_calls=(ToolCall("c1", "look", "{}"),))
    result = Message("tool", "12 °C", tool_call_id="c1", is_error=True)
    turns = (Message("system", "Be brief."), HI, said, result)
    longer, shorter = client.respond(asking(*turns, tools=(LOOK,))), client.respond(asking())
    assert longer.usage.input_tokens > shorter.usage.input_tokens + len("Be brief.I look.12 °C")


def test_a_prompt_above_the_context_is_a_bad_request_that_says_so(client: LlmClient) -> None:
    for ask in (client.respond, lambda asked: list(client.stream(asked))):
        with pytest.raises(BadRequestError, match="exceeds the available context size") as caught:
            ask(asking(Message("user", "x" * (CONTEXT + 1))))
        assert (caught.value.status, caught.value.code) == (400, "exceed_context_size_error")


def test_the_server_ignores_a_schema_that_is_asked_for(client: LlmClient) -> None:
    """Its chat completions keep it; a client of this server uses those where it needs JSON."""
    output = JsonOutput({"type": "object", "properties": {"x": {"type": "boolean"}}, "required": ["x"]})
    assert not client.respond(asking(output=output, temperature=0.0)).text.startswith("{")
