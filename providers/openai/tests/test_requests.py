from __future__ import annotations

import json
from typing import Any

import pytest
from graphbit_openai import OpenAIProvider

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

WEATHER = ToolSpec("weather", "Tells the weather.", {"type": "object", "properties": {}})


def sent(request: ChatRequest, *, stream: bool = False, **settings: Any) -> dict[str, Any]:
    codec = OpenAIProvider(api_key="sk-test-1234567", **settings).chat("gpt-test")
    body: dict[str, Any] = json.loads(codec.encode(request, stream=stream).body)
    return body


def test_what_is_not_asked_for_is_not_sent() -> None:
    assert sent(ChatRequest((Message("user", "Hi"),))) == {
        "model": "gpt-test",
        "messages": [{"role": "user", "content": "Hi"}],
    }


def test_a_stream_asks_for_its_usage() -> None:
    body = sent(ChatRequest((Message("user", "Hi"),)), stream=True)
    assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})


def test_sampling_and_limits_go_under_the_names_of_the_api() -> None:
    request = ChatRequest(
        (Message("user", "Hi"),),
        max_tokens=9,
        temperature=0.0,
        top_p=0.5,
        stop=("END",),
        seed=0,
        reasoning_effort="low",
        extra={"service_tier": "flex"},
        metadata={"never": "sent"},
    )
    body = sent(request)
    assert {name: body[name] for name in body if name not in ("model", "messages")} == {
        "max_completion_tokens": 9,
        "temperature": 0.0,
        "top_p": 0.5,
        "stop": ["END"],
        "seed": 0,
        "reasoning_effort": "low",
        "service_tier": "flex",
    }
    assert sent(request, quirks={"max_tokens_field": "max_tokens"})["max_tokens"] == 9


def test_a_tool_turn_is_sent_back_with_its_calls_and_results() -> None:
    call = ToolCall("call-1", "weather", '{"city":"Ulm"}')
    body = sent(
        ChatRequest(
            (
                Message("user", "Weather?"),
                Message("assistant", "", tool_calls=(call,)),
                Message("tool", "Rain", tool_call_id="call-1"),
            ),
            tools=(WEATHER,),
            tool_choice="weather",
        )
    )
    function = {"name": "weather", "arguments": '{"city":"Ulm"}'}
    assert body["messages"][1:] == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call-1", "type": "function", "function": function}],
        },
        {"role": "tool", "content": "Rain", "tool_call_id": "call-1"},
    ]
    assert body["tool_choice"] == {"type": "function", "function": {"name": "weather"}}
    assert body["tools"][0]["function"]["parameters"] == {"type": "object", "properties": {}}


def test_every_kind_of_part_has_its_place() -> None:
    content = (
        TextPart("Look:"),
        PassagePart(1, "Cats purr.", "cats.txt"),
        ImagePart(url="https://example.org/cat.png"),
        ImagePart(data=b"\x89PNG", media_type="image/png"),
        AudioPart(b"RIFF"),
        FilePart("a.pdf", data=b"%PDF", media_type="application/pdf"),
        FilePart("b.pdf", file_id="file-1"),
    )
    assert sent(ChatRequest((Message("user", content),)))["messages"][0]["content"] == [
        {"type": "text", "text": "Look:"},
        {"type": "text", "text": "[1] cats.txt\nCats purr."},
        {"type": "image_url", "image_url": {"url": "https://example.org/cat.png"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
        {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERg=="}},
        {"type": "file", "file": {"file_id": "file-1"}},
    ]


def test_an_assistant_turn_is_sent_as_one_text_without_its_reasoning() -> None:
    message = Message("assistant", (ReasoningPart("hm"), TextPart("Yes"), TextPart(".")))
    assert sent(ChatRequest((message,)))["messages"][0] == {"role": "assistant", "content": "Yes."}


def test_a_schema_becomes_a_response_format() -> None:
    request = ChatRequest((Message("user", "Hi"),), output=JsonOutput({"type": "object"}, name="reply"))
    assert sent(request)["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "reply", "schema": {"type": "object"}, "strict": True},
    }


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (ChatRequest((Message("user", "Hi"),), extra={"stream": True}), "extra"),
        (ChatRequest((Message("tool", "Rain"),)), "messages"),
        (ChatRequest((Message("user", (ImagePart(),)),)), "messages"),
        (ChatRequest((Message("user", (ImagePart(data=b"x"),)),)), "messages"),
        (ChatRequest((Message("user", (FilePart("a.pdf"),)),)), "messages"),
        (ChatRequest((Message("system", (ImagePart(url="https://example.org/x.png"),)),)), "messages"),
        (ChatRequest((Message("user", "Hi"),), extra={"logit_bias": float("nan")}), None),
        (ChatRequest((Message("user", "half a pair: \ud83d"),)), None),
    ],
)
def test_what_the_api_cannot_express_is_refused(request_: ChatRequest, field: str | None) -> None:
    with pytest.raises(ValidationError) as caught:
        sent(request_)
    assert caught.value.field == field


def test_organization_and_project_are_headers() -> None:
    provider = OpenAIProvider(api_key="sk-test-1234567", organization="org-1", project="proj-1")
    request = provider.chat("gpt-test").encode(ChatRequest((Message("user", "Hi"),)), stream=False)
    assert request.url == "https://api.openai.com/v1/chat/completions"
    assert request.headers == {
        "content-type": "application/json",
        "accept": "application/json",
        "authorization": "Bearer sk-test-1234567",
        "openai-organization": "org-1",
        "openai-project": "proj-1",
    }
