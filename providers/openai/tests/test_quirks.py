"""What a quirk changes in requests."""

from __future__ import annotations

import json
from typing import Any

import pytest
from graphbit_openai import OpenAIProvider, Quirks

from graphbit_core import (
    AudioPart,
    ChatRequest,
    FilePart,
    ImagePart,
    JsonOutput,
    Message,
    PassagePart,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolSpec,
    ValidationError,
)

HELLO = Message("user", "Hi")
TOOL = ToolSpec("weather", "Tells the weather.", {"type": "object", "properties": {}})
CALL = ToolCall("call-1", "weather", "{}")


def sent(request: ChatRequest, stream: bool = False, **quirks: Any) -> dict[str, Any]:
    codec = OpenAIProvider(api_key="sk-test-1234567", quirks=quirks).chat("gpt-test")
    body: dict[str, Any] = json.loads(codec.encode(request, stream=stream).body)
    return body


def test_the_limit_of_tokens_the_seed_and_the_effort_go_under_the_names_of_the_server() -> None:
    request = ChatRequest((HELLO,), max_tokens=9, seed=7, reasoning_effort="low")
    body = sent(
        request, max_tokens_field="max_tokens", seed_field="random_seed", effort_field="reasoning.effort"
    )
    assert (body["max_tokens"], body["random_seed"], body["reasoning"]) == (9, 7, {"effort": "low"})
    assert not {"max_completion_tokens", "seed", "reasoning_effort"} & body.keys()


def test_a_forced_tool_is_said_in_the_word_of_the_server_or_refused() -> None:
    some = ChatRequest((HELLO,), tools=(TOOL,), tool_choice="required")
    one = ChatRequest((HELLO,), tools=(TOOL,), tool_choice="weather")
    assert sent(some)["tool_choice"] == "required"
    assert sent(some, forced_tool="any")["tool_choice"] == "any"
    assert sent(one, forced_tool="any")["tool_choice"]["function"] == {"name": "weather"}
    for request in (some, one):
        with pytest.raises(ValidationError, match="openai cannot be made to call a tool") as caught:
            sent(request, forced_tool="refused")
        assert caught.value.field == "tool_choice"
    auto = ChatRequest((HELLO,), tools=(TOOL,), tool_choice="auto")
    assert sent(auto, forced_tool="refused")["tool_choice"] == "auto"


@pytest.mark.parametrize(
    ("asked", "name", "field"),
    [
        ({"stop": ("END",)}, "stop", "stop"),
        ({"seed": 0}, "seed", "seed"),
        ({"output": JsonOutput({"type": "object"})}, "output", "output"),
        ({"parallel_tool_calls": False}, "parallel_tool_calls", "parallel_tool_calls"),
        ({"tools": (TOOL,)}, "tools", "tools"),
        ({"reasoning_effort": "low"}, "reasoning_effort", "reasoning_effort"),
        ({"extra": {"frequency_penalty": 1.0}}, "frequency_penalty", "frequency_penalty"),
        ({"messages": (Message("user", (ImagePart(url="https://x.example/a"),)),)}, "images", "messages"),
        ({"messages": (Message("user", (AudioPart(b"RIFF"),)),)}, "audio", "messages"),
        ({"messages": (Message("user", (FilePart("a", file_id="f"),)),)}, "files", "messages"),
        ({"messages": (Message("user", "Hi", name="Ada"),)}, "name", "messages"),
    ],
)
def test_what_a_server_does_not_take_is_refused_by_its_name(
    asked: dict[str, Any], name: str, field: str
) -> None:
    request = ChatRequest(**{"messages": (HELLO,), **asked})
    sent(request)
    with pytest.raises(ValidationError, match=f"openai does not take '{name}'") as caught:
        sent(request, refuses={name})
    assert caught.value.field == field
    sent(ChatRequest((HELLO,)), refuses={name})


def test_a_temperature_above_what_the_server_takes_is_refused() -> None:
    assert sent(ChatRequest((HELLO,), temperature=1.0), max_temperature=1.0)["temperature"] == 1.0
    with pytest.raises(ValidationError, match="openai takes 0 to 1") as caught:
        sent(ChatRequest((HELLO,), temperature=1.1), max_temperature=1.0)
    assert caught.value.field == "temperature"


def test_texts_are_joined_to_one_where_a_server_wants_a_string() -> None:
    parts = (PassagePart(1, "It rains.", "a.txt"), TextPart("Does it rain?"))
    request = ChatRequest((Message("user", parts),))
    assert sent(request, flat_text=True)["messages"][0]["content"] == "[1] a.txt\nIt rains.\n\nDoes it rain?"
    assert isinstance(sent(request)["messages"][0]["content"], list)
    picture = ChatRequest((Message("user", (*parts, ImagePart(url="https://x.example/a"))),))
    assert len(sent(picture, flat_text=True)["messages"][0]["content"]) == 3


def test_usage_is_not_asked_for_where_that_is_refused() -> None:
    assert "stream_options" not in sent(ChatRequest((HELLO,)), stream=True, include_usage=False)


OWN = ReasoningPart("hm", origin="openai")
FOREIGN = ReasoningPart("other", origin="anthropic")


@pytest.mark.parametrize(
    ("replay", "calls", "parts", "expected"),
    [
        ("never", (CALL,), (OWN,), None),
        ("with_calls", (CALL,), (OWN,), "hm"),
        ("with_calls", (CALL,), (FOREIGN,), None),
        ("with_calls", (), (OWN,), None),
        ("with_calls_always", (CALL,), (OWN, FOREIGN), "hm"),
        ("with_calls_always", (CALL,), (), " "),
        ("with_calls_always", (), (OWN,), None),
    ],
)
def test_reasoning_goes_back_beside_the_calls_it_led_to(
    replay: str, calls: tuple[ToolCall, ...], parts: tuple[ReasoningPart, ...], expected: str | None
) -> None:
    message = Message("assistant", (*parts, TextPart("Yes")), tool_calls=calls)
    written = sent(ChatRequest((HELLO, message)), replay=replay)["messages"][1]
    assert written.get("reasoning_content") == expected
    assert written["content"] == "Yes"


def test_reasoning_details_go_back_as_they_came() -> None:
    details = [{"type": "reasoning.encrypted", "data": "abc", "id": "r-1", "index": 0}]
    part = ReasoningPart("", json.dumps(details), origin="openai", hidden=True)
    message = Message("assistant", (part, TextPart("Yes")))
    assert sent(ChatRequest((message,)), replay="details")["messages"][0] == {
        "role": "assistant",
        "content": "Yes",
        "reasoning_details": details,
    }
    spoiled = Message("assistant", (ReasoningPart("", "spoiled", origin="openai"),))
    with pytest.raises(ValidationError, match="pass messages on as they came"):
        sent(ChatRequest((spoiled,)), replay="details")


def test_reasoning_goes_back_as_a_chunk_of_content() -> None:
    message = Message("assistant", (OWN, TextPart("Yes")), tool_calls=(CALL,))
    assert sent(ChatRequest((message,)), replay="chunks")["messages"][0]["content"] == [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}], "closed": True},
        {"type": "text", "text": "Yes"},
    ]


def test_a_call_without_arguments_goes_back_as_an_empty_object_and_a_malformed_one_as_it_is() -> None:
    calls = (ToolCall("a", "weather", ""), ToolCall("b", "weather", '{"city":'))
    written = sent(ChatRequest((Message("assistant", "", tool_calls=calls),)))["messages"][0]
    assert [call["function"]["arguments"] for call in written["tool_calls"]] == ["{}", '{"city":']


def test_capabilities_are_what_is_not_refused() -> None:
    assert Quirks().capabilities == OpenAIProvider.capabilities - {"embed"}
    refused = Quirks(refuses=frozenset({"stop", "output", "frequency_penalty"}))
    assert Quirks().capabilities - refused.capabilities == {"stop", "json_output"}
    changed = OpenAIProvider(api_key="sk-test-1234567", quirks={"refuses": ["stop"]})
    assert "stop" not in changed.capabilities


@pytest.mark.parametrize(
    ("quirks", "said"),
    [
        ({"max_token_field": "max_tokens"}, "there are max_tokens_field"),
        ({"max_tokens_field": "tokens"}, "must be one of"),
        ({"forced_tool": None}, "must be one of"),
        ({"replay": "always"}, "must be one of"),
        ({"require_done": False, "require_finish": False}, "no stream would have an end"),
    ],
)
def test_a_quirk_that_does_not_exist_is_refused(quirks: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said) as caught:
        OpenAIProvider(api_key="sk-test-1234567", quirks=quirks)
    assert caught.value.field == "quirks"
