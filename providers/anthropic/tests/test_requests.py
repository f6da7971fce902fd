from __future__ import annotations

import json
from typing import Any

import pytest
from graphbit_anthropic import AnthropicProvider

from graphbit_core import (
    AudioPart,
    ChatRequest,
    ConfigError,
    FilePart,
    HttpRequest,
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

WEATHER = ToolSpec("weather", "Tells the weather.", {"type": "object", "properties": {}})
TIME = ToolSpec("time", "Tells the time.", {"type": "object", "properties": {}})
HI = Message("user", "Hi")


def encoded(request: ChatRequest, model: str = "claude-test", **settings: Any) -> HttpRequest:
    return AnthropicProvider(api_key="sk-test-1234567", **settings).chat(model).encode(request, stream=False)


def sent(request: ChatRequest, model: str = "claude-test", **settings: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(encoded(request, model, **settings).body)
    return body


def turns(*messages: Message, **settings: Any) -> list[dict[str, Any]]:
    return list(sent(ChatRequest(messages), **settings)["messages"])


def test_what_is_not_asked_for_is_not_sent_but_the_limit_that_the_api_wants() -> None:
    assert sent(ChatRequest((HI,))) == {
        "model": "claude-test",
        "messages": [{"role": "user", "content": "Hi"}],
        "max_tokens": 8192,
    }
    assert sent(ChatRequest((HI,)), max_tokens=99)["max_tokens"] == 99
    assert sent(ChatRequest((HI,), max_tokens=9), max_tokens=99)["max_tokens"] == 9


def test_sampling_and_stops_go_under_the_names_of_the_api() -> None:
    request = ChatRequest((HI,), temperature=0.0, top_p=0.5, stop=("END",), extra={"top_k": 5})
    body = sent(request)
    assert (body["temperature"], body["top_p"], body["top_k"], body["stop_sequences"]) == (0, 0.5, 5, ["END"])


@pytest.mark.parametrize("asked", [{"temperature": 0.0}, {"top_p": 1.0}, {"extra": {"top_k": 5}}])
@pytest.mark.parametrize("settings", [{"sampling": False}, {"version": "2026-10-21"}])
def test_sampling_is_refused_where_the_api_has_none(asked: dict[str, Any], settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="sampling=True"):
        sent(ChatRequest((HI,), **asked), **settings)
    sent(ChatRequest((HI,), **asked), **{**settings, "sampling": True})


# --- turns ---


def test_system_messages_at_the_beginning_are_the_system_prompt() -> None:
    one = ChatRequest((Message("system", "Be brief."), HI))
    assert sent(one)["system"] == "Be brief."
    two = ChatRequest((Message("system", "Be brief."), Message("system", (TextPart("Be kind."),)), HI))
    assert sent(two)["system"] == [
        {"type": "text", "text": "Be brief."},
        {"type": "text", "text": "Be kind."},
    ]


def test_a_system_message_later_on_stays_where_it_is() -> None:
    assert turns(Message("system", "Be brief."), HI, Message("system", "Now in French.")) == [
        {"role": "user", "content": "Hi"},
        {"role": "system", "content": "Now in French."},
    ]


def test_results_of_parallel_calls_are_one_turn() -> None:
    calls = (ToolCall("a", "weather", '{"city":"Ulm"}'), ToolCall("b", "time", ""))
    picture = (TextPart("A map:"), ImagePart(data=b"\x89PNG", media_type="image/png"))
    assert turns(
        HI,
        Message("assistant", "I look.", tool_calls=calls),
        Message("tool", picture, tool_call_id="a"),
        Message("tool", "", tool_call_id="b", is_error=True),
        Message("user", "And?"),
    )[1:] == [
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "I look."},
                {"type": "tool_use", "id": "a", "name": "weather", "input": {"city": "Ulm"}},
                {"type": "tool_use", "id": "b", "name": "time", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "a",
                    "content": [
                        {"type": "text", "text": "A map:"},
                        {
                            "type": "image",
                            "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw=="},
                        },
                    ],
                },
                {"type": "tool_result", "tool_use_id": "b", "is_error": True},
            ],
        },
        {"role": "user", "content": "And?"},
    ]


@pytest.mark.parametrize(
    "arguments", ['{"city":', "[1]", "NaN", '{"a":NaN}', '{"a":1e999}', '{"a":"\\ud83d"}']
)
def test_arguments_that_are_no_object_are_wrapped_whole(arguments: str) -> None:
    answer = Message("assistant", tool_calls=(ToolCall("a", "weather", arguments),))
    assert turns(HI, answer)[1]["content"][0]["input"] == {"INVALID_JSON": arguments}


def test_thoughts_go_back_signed_and_before_the_calls_that_followed_them() -> None:
    answer = Message(
        "assistant",
        (
            ReasoningPart("First.", "s1", "anthropic"),
            ReasoningPart("", "hidden", "anthropic", hidden=True),
            TextPart("I look."),
            ReasoningPart("", "s2", "anthropic", calls_before=1),
            ReasoningPart("Elsewhere.", "s3", "gemini", calls_before=1),
            ReasoningPart("Cut off", None, "anthropic", calls_before=2),
        ),
        tool_calls=(ToolCall("a", "weather", "{}"), ToolCall("b", "time", "{}")),
    )
    assert turns(HI, answer)[1]["content"] == [
        {"type": "thinking", "thinking": "First.", "signature": "s1"},
        {"type": "redacted_thinking", "data": "hidden"},
        {"type": "text", "text": "I look."},
        {"type": "tool_use", "id": "a", "name": "weather", "input": {}},
        {"type": "thinking", "thinking": "", "signature": "s2"},
        {"type": "tool_use", "id": "b", "name": "time", "input": {}},
    ]


def test_text_goes_back_behind_the_call_that_it_followed() -> None:
    parts = (TextPart("I look."), TextPart("And the time.", calls_before=1))
    calls = (ToolCall("a", "weather", "{}"), ToolCall("b", "time", "{}"))
    blocks = turns(HI, Message("assistant", parts, tool_calls=calls))[1]["content"]
    assert [block.get("text") or block["id"] for block in blocks] == ["I look.", "a", "And the time.", "b"]


def test_what_says_nothing_is_left_out() -> None:
    silent = (Message("assistant", ""), Message("assistant", (TextPart(" \n"), ReasoningPart("hm"))))
    assert turns(HI, *silent, Message("user", (TextPart(""), TextPart("Well?")))) == [
        {"role": "user", "content": "Hi"},
        {"role": "user", "content": "Well?"},
    ]


def test_every_kind_of_part_has_its_place() -> None:
    content = (
        TextPart("Look:"),
        PassagePart(1, "Cats purr.", "cats.txt"),
        ImagePart(url="https://example.org/cat.png"),
        ImagePart(data=b"\x89PNG", media_type="image/png"),
        FilePart("a.pdf", data=b"%PDF", media_type="application/pdf"),
        FilePart("b.pdf", file_id="file-1"),
        FilePart("c.md", data="# Grüße".encode(), media_type="text/markdown; charset=utf-8"),
    )
    png = {"type": "base64", "media_type": "image/png", "data": "iVBORw=="}
    pdf = {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="}
    plain = {"type": "text", "media_type": "text/plain", "data": "# Grüße"}
    assert turns(Message("user", content))[0]["content"] == [
        {"type": "text", "text": "Look:"},
        {"type": "text", "text": "[1] cats.txt\nCats purr."},
        {"type": "image", "source": {"type": "url", "url": "https://example.org/cat.png"}},
        {"type": "image", "source": png},
        {"type": "document", "source": pdf, "title": "a.pdf"},
        {"type": "document", "source": {"type": "file", "file_id": "file-1"}, "title": "b.pdf"},
        {"type": "document", "source": plain, "title": "c.md"},
    ]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (ChatRequest((HI,), extra={"stream": True}), "extra"),
        (ChatRequest((HI,), extra={"max_tokens": 7}), "extra"),
        (ChatRequest((HI,), output=JsonOutput({}), extra={"output_config": {}}), "extra"),
        (ChatRequest((HI,), seed=1), "seed"),
        (ChatRequest((HI,), temperature=1.5), "temperature"),
        (ChatRequest((HI,), reasoning_effort="low", temperature=0.5), "temperature"),
        (ChatRequest((HI,), reasoning_effort="low", top_p=0.5), "top_p"),
        (ChatRequest(()), "messages"),
        (ChatRequest((Message("system", "alone"),)), "messages"),
        (ChatRequest((Message("user", " "),)), "messages"),
        (ChatRequest((Message("tool", "Rain"),)), "messages"),
        (ChatRequest((Message("user", (ImagePart(),)),)), "messages"),
        (ChatRequest((Message("user", (ImagePart(data=b"x", media_type="image/tiff"),)),)), "messages"),
        (ChatRequest((Message("user", (ImagePart(url="data:image/png;base64,AA=="),)),)), "messages"),
        (ChatRequest((Message("user", (FilePart("a.pdf"),)),)), "messages"),
        (ChatRequest((Message("user", (FilePart("a", b"\xff", "text/plain"),)),)), "messages"),
        (ChatRequest((Message("user", (AudioPart(b"RIFF"),)),)), "messages"),
        (ChatRequest((Message("system", (ImagePart(url="https://example.org/x.png"),)), HI)), "messages"),
        (ChatRequest((Message("assistant", (ImagePart(url="https://a.example/x.png"),)),)), "messages"),
        (ChatRequest((Message("user", "half a pair: \ud83d"),)), None),
    ],
)
def test_what_the_api_cannot_express_is_refused(request_: ChatRequest, field: str | None) -> None:
    with pytest.raises(ValidationError) as caught:
        sent(request_)
    assert caught.value.field == field


# --- tools and output ---


@pytest.mark.parametrize(
    ("choice", "parallel", "written"),
    [
        (None, None, None),
        ("auto", None, {"type": "auto"}),
        ("none", False, {"type": "none"}),
        ("required", None, {"type": "any"}),
        ("time", True, {"type": "tool", "name": "time", "disable_parallel_tool_use": False}),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        ("required", False, {"type": "any", "disable_parallel_tool_use": True}),
    ],
)
def test_a_tool_choice_has_a_type(choice: str | None, parallel: bool | None, written: Any) -> None:
    request = ChatRequest((HI,), tools=(WEATHER, TIME), tool_choice=choice, parallel_tool_calls=parallel)
    assert sent(request).get("tool_choice") == written


def test_tools_have_an_input_schema_and_are_strict_if_the_provider_is() -> None:
    written = {"name": "weather", "description": "Tells the weather.", "input_schema": WEATHER.parameters}
    request = ChatRequest((HI,), tools=(WEATHER,))
    assert sent(request)["tools"] == [written]
    assert sent(request, strict_tools=True)["tools"] == [{**written, "strict": True}]


def test_a_schema_is_part_of_the_output_config_beside_the_effort() -> None:
    schema = {"type": "object"}
    request = ChatRequest((HI,), output=JsonOutput(schema), reasoning_effort="max")
    assert sent(request)["output_config"] == {
        "effort": "max",
        "format": {"type": "json_schema", "schema": schema},
    }


# --- thinking ---


@pytest.mark.parametrize(
    ("model", "by_budget"),
    [
        ("claude-3-7-sonnet-20250219", True),
        ("claude-opus-4-20250514", True),
        ("claude-haiku-4-5-20251001", True),
        ("anthropic/claude-sonnet-4-5", True),
        ("claude-opus-4-6-20260205", False),
        ("claude-haiku-5-5", False),
        ("claude-mythos-preview", False),
        ("kimi-k2.6", False),
    ],
)
def test_models_up_to_4_5_think_by_budget_and_others_by_effort(model: str, by_budget: bool) -> None:
    body = sent(ChatRequest((HI,), reasoning_effort="low"), model)
    if by_budget:
        assert body["thinking"] == {"type": "enabled", "budget_tokens": 2048}
        assert body["max_tokens"] == 2048 + 8192
        assert "output_config" not in body
    else:
        assert body["thinking"] == {"type": "adaptive"}
        assert body["output_config"] == {"effort": "low"}
        assert body["max_tokens"] == 8192


def test_how_to_think_can_be_set() -> None:
    request = ChatRequest((HI,), reasoning_effort="deep", max_tokens=5000)
    body = sent(request, thinking="budget", budgets={"deep": 4999}, thinking_display="omitted")
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 4999, "display": "omitted"}
    assert body["max_tokens"] == 5000
    assert sent(ChatRequest((HI,), reasoning_effort="none"))["thinking"] == {"type": "disabled"}


def test_a_limit_that_the_budget_would_use_up_is_refused() -> None:
    with pytest.raises(ValidationError, match="2048") as caught:
        sent(ChatRequest((HI,), reasoning_effort="low", max_tokens=2048), "claude-haiku-4-5")
    assert caught.value.field == "max_tokens"


def test_an_effort_without_a_budget_is_refused_with_those_that_have_one() -> None:
    with pytest.raises(ValidationError, match="low, medium"):
        sent(ChatRequest((HI,), reasoning_effort="minimal"), "claude-haiku-4-5")


# --- cache ---


def test_what_is_to_be_cached_ends_with_a_mark() -> None:
    asked = ChatRequest((Message("system", "Be brief."), HI), tools=(WEATHER, TIME), cache=True)
    for settings, mark in (
        ({}, {"type": "ephemeral"}),
        ({"cache_ttl": "1h"}, {"type": "ephemeral", "ttl": "1h"}),
    ):
        body = sent(asked, **settings)
        assert [tool.get("cache_control") for tool in body["tools"]] == [None, mark]
        assert body["system"] == [{"type": "text", "text": "Be brief.", "cache_control": mark}]
        assert body["messages"][-1]["content"] == [{"type": "text", "text": "Hi", "cache_control": mark}]


def test_a_mark_is_never_on_a_thought() -> None:
    answer = Message("assistant", (TextPart("Well"), ReasoningPart("hm", "s", "anthropic")))
    blocks = sent(ChatRequest((HI, answer), cache=True))["messages"][-1]["content"]
    assert ["cache_control" in block for block in blocks] == [True, False]


# --- headers and settings ---


@pytest.mark.parametrize(
    ("settings", "credential"),
    [
        ({}, {"x-api-key": "sk-test-1234567"}),
        ({"auth": "bearer"}, {"authorization": "Bearer sk-test-1234567"}),
        ({"version": "2026-10-21"}, {"authorization": "Bearer sk-test-1234567"}),
        ({"version": "2026-10-21", "auth": "x-api-key"}, {"x-api-key": "sk-test-1234567"}),
    ],
)
def test_the_key_is_sent_as_the_version_wants_it(
    settings: dict[str, Any], credential: dict[str, str]
) -> None:
    request = encoded(ChatRequest((HI,)), **settings)
    assert request.url == "https://api.anthropic.com/v1/messages"
    assert request.headers == {
        "content-type": "application/json",
        "accept": "application/json",
        "anthropic-version": settings.get("version", "2023-06-01"),
        **credential,
    }


def test_betas_are_a_header() -> None:
    assert encoded(ChatRequest((HI,)), betas=("a-1", "b-2")).headers["anthropic-beta"] == "a-1,b-2"


def test_a_token_from_the_environment_is_a_bearer_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "token-1234567")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "https://gateway.example/anthropic/")
    request = AnthropicProvider().chat("m").encode(ChatRequest((HI,)), stream=True)
    assert request.url == "https://gateway.example/anthropic/v1/messages"
    assert request.headers["authorization"] == "Bearer token-1234567"
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test-1234567")
    assert (
        "authorization" not in AnthropicProvider().chat("m").encode(ChatRequest((HI,)), stream=True).headers
    )


@pytest.mark.parametrize(
    "setting",
    [
        {"auth": "basic"},
        {"version": "2023 06"},
        {"version": ""},
        {"betas": "one"},
        {"betas": ["a b"]},
        {"thinking": "deep"},
        {"thinking_display": "all"},
        {"cache_ttl": "1d"},
    ],
)
def test_a_setting_with_another_value_is_refused_by_name(setting: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        encoded(ChatRequest((HI,)), **setting)
    assert caught.value.field == next(iter(setting))


@pytest.mark.parametrize("setting", [{"max_tokens": 0}, {"budgets": {"low": 1023}}])
def test_a_number_out_of_range_is_refused(setting: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(setting))):
        encoded(ChatRequest((HI,)), **setting)
