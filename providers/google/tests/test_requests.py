"""What is written, where the conformance kit does not look."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from graphbit_google import GoogleProvider

from graphbit_core import (
    AudioPart,
    ChatRequest,
    ConfigError,
    FilePart,
    Frame,
    HttpResponse,
    ImagePart,
    Message,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolSpec,
    ValidationError,
)

HELLO = Message("user", "Hello")
TOOL = ToolSpec("weather", "d", {"type": "object"})


def written(request: ChatRequest, model: str = "gemini-3.8-flash", **settings: Any) -> dict[str, Any]:
    http = GoogleProvider(api_key="k", **settings).chat(model).encode(request, stream=False)
    found: dict[str, Any] = HttpResponse(200, {}, http.body).json()
    return found


def contents(*messages: Message, model: str = "gemini-2.5-flash") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = written(ChatRequest(messages), model)["contents"]
    return found


def refused(request: ChatRequest, field: str, model: str = "gemini-3.8-flash") -> None:
    with pytest.raises(ValidationError) as caught:
        written(request, model)
    assert caught.value.field == field


def test_the_first_key_of_the_environment_that_is_set_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "second")
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    seen = GoogleProvider().chat("m").encode(ChatRequest((HELLO,)), stream=False)
    assert seen.headers["x-goog-api-key"] == "second"
    monkeypatch.setenv("GOOGLE_API_KEY", "first")
    seen = GoogleProvider().chat("m").encode(ChatRequest((HELLO,)), stream=False)
    assert seen.headers["x-goog-api-key"] == "first"


@pytest.mark.parametrize(
    ("model", "version", "path"),
    [
        ("gemini-3.8-flash", "v1beta", "/v1beta/models/gemini-3.8-flash:generateContent"),
        ("tunedModels/mine", "v1", "/v1/tunedModels/mine:generateContent"),
        ("a b?c#d", "v1", "/v1/models/a%20b%3Fc%23d:generateContent"),
    ],
)
def test_the_version_and_the_model_are_in_the_path(model: str, version: str, path: str) -> None:
    codec = GoogleProvider(api_key="k", api_version=version).chat(model)
    url = codec.encode(ChatRequest((HELLO,)), stream=False).url
    assert url == "https://generativelanguage.googleapis.com" + path


@pytest.mark.parametrize("wrong", [{"api_version": "v1/../x"}, {"api_version": ""}, {"thinking": "hard"}])
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises((ValidationError, ConfigError)):
        GoogleProvider(api_key="k", **wrong)


@pytest.mark.parametrize(
    ("model", "effort", "config"),
    [
        ("gemini-2.5-flash", "low", {"thinkingBudget": 1024}),
        ("gemini-2.5-flash", "none", {"thinkingBudget": 0}),
        ("models/gemini-2.5-pro", "high", {"thinkingBudget": 24576}),
        ("gemini-3.8-flash", "low", {"thinkingLevel": "LOW"}),
        ("gemini-3.8-flash", "xhigh", {"thinkingLevel": "XHIGH"}),
        ("some-tuned-model", "high", {"thinkingLevel": "HIGH"}),
    ],
)
def test_effort_is_a_budget_for_older_models_and_a_level_for_others(
    model: str, effort: str, config: dict[str, Any]
) -> None:
    request = ChatRequest((HELLO,), reasoning_effort=effort)
    assert written(request, model)["generationConfig"] == {"thinkingConfig": config}
    shown = written(request, model, include_thoughts=True)["generationConfig"]["thinkingConfig"]
    assert shown == {**config, "includeThoughts": True}


def test_a_setting_decides_between_budget_and_level() -> None:
    request = ChatRequest((HELLO,), reasoning_effort="low")
    seen = written(request, "some-tuned-model", thinking="budget")["generationConfig"]
    assert seen == {"thinkingConfig": {"thinkingBudget": 1024}}


def test_what_the_api_cannot_express_is_refused() -> None:
    refused(ChatRequest((HELLO,), parallel_tool_calls=False), "parallel_tool_calls")
    refused(ChatRequest((HELLO,), reasoning_effort="none"), "reasoning_effort")
    refused(ChatRequest((HELLO,), reasoning_effort="xhigh"), "reasoning_effort", "gemini-2.5-pro")
    refused(ChatRequest((HELLO, Message("system", "late"))), "messages")
    refused(ChatRequest((Message("system", "alone"),)), "messages")
    refused(ChatRequest((Message("system", (ImagePart(url="https://x/a.png"),)), HELLO)), "messages")
    refused(ChatRequest((Message("user", (ImagePart(data=b"x"),)),)), "messages")
    refused(ChatRequest((Message("user", (FilePart("f"),)),)), "messages")
    refused(ChatRequest((Message("user", (AudioPart(b"x", "flac"),)),)), "messages")
    refused(ChatRequest((HELLO, Message("tool", "12", tool_call_id="unknown"))), "messages")


def test_extra_is_joined_with_what_is_sent_and_replaces_nothing() -> None:
    extra = {
        "safetySettings": [{"category": "C", "threshold": "T"}],
        "generationConfig": {"topK": 40},
        "tools": [{"googleSearch": {}}],
    }
    request = ChatRequest((HELLO,), tools=(TOOL,), max_tokens=9, extra=extra)
    body = written(request)
    assert body["safetySettings"] == extra["safetySettings"]
    assert body["generationConfig"] == {"maxOutputTokens": 9, "topK": 40}
    assert [list(tool) for tool in body["tools"]] == [["functionDeclarations"], ["googleSearch"]]
    refused(replace(request, extra={"contents": []}), "extra")
    refused(replace(request, extra={"generationConfig": {"maxOutputTokens": 1}}), "extra")
    refused(replace(request, extra={"tools": {}}), "extra")


def test_results_that_follow_each_other_are_one_turn_and_find_the_names_of_their_tools() -> None:
    calls = (ToolCall("1", "weather", "{}"), ToolCall("2", "time", "not JSON"))
    seen = contents(
        HELLO,
        Message("assistant", "", tool_calls=calls),
        Message("tool", "12", tool_call_id="1"),
        Message("tool", (TextPart("no "), TextPart("clock")), tool_call_id="2", is_error=True),
        Message("user", "Well?"),
    )
    assert [turn["role"] for turn in seen] == ["user", "model", "user", "user"]
    assert seen[1]["parts"][1]["functionCall"]["args"] == {"INVALID_JSON": "not JSON"}
    assert seen[2]["parts"] == [
        {"functionResponse": {"id": "1", "name": "weather", "response": {"output": "12"}}},
        {"functionResponse": {"id": "2", "name": "time", "response": {"error": "no clock"}}},
    ]


def test_a_picture_may_come_from_a_tool_or_a_data_url() -> None:
    picture = ImagePart(url="data:image/png;base64,AAEC")
    call = ToolCall("1", "draw", "{}")
    result = Message("tool", (TextPart("see"), picture), tool_call_id="1")
    seen = contents(HELLO, Message("assistant", "", tool_calls=(call,)), result)
    inline = {"inlineData": {"mimeType": "image/png", "data": "AAEC"}}
    assert seen[2]["parts"][0]["functionResponse"]["parts"] == [inline]
    assert contents(Message("user", (picture,)))[0]["parts"] == [inline]
    refused(ChatRequest((Message("user", (ImagePart(url="data:image/svg+xml,<svg/>"),)),)), "messages")


def test_a_file_by_its_id_is_its_address() -> None:
    file = FilePart("f", file_id="https://files.example/1", media_type="application/pdf")
    about = {"fileUri": "https://files.example/1", "mimeType": "application/pdf"}
    assert contents(Message("user", (file,)))[0]["parts"] == [{"fileData": about}]


def test_a_call_of_another_model_is_signed_for_models_that_want_it() -> None:
    calls = (ToolCall("1", "weather", "{}"), ToolCall("2", "time", "{}"))
    history = (HELLO, Message("assistant", "", tool_calls=calls), Message("tool", "12", tool_call_id="1"))

    def signatures(model: str) -> list[Any]:
        return [part.get("thoughtSignature") for part in contents(*history, model=model)[1]["parts"]]

    assert signatures("gemini-2.5-flash") == [None, None]
    assert signatures("gemini-3.8-flash") == ["skip_thought_signature_validator", None]


SIGNED_PARTS: dict[str, list[dict[str, Any]]] = {
    "a thought, text and calls": [
        {"text": "hm", "thought": True, "thoughtSignature": "c2ln"},
        {"text": "I look."},
        {"functionCall": {"id": "1", "name": "a", "args": {"x": 1}}, "thoughtSignature": "c2ln"},
        {"functionCall": {"id": "2", "name": "b", "args": {}}},
    ],
    "thoughts between calls": [
        {"functionCall": {"id": "1", "name": "a", "args": {}}, "thoughtSignature": "YQ=="},
        {"text": "next", "thought": True},
        {"functionCall": {"id": "2", "name": "b", "args": {}}, "thoughtSignature": "Yg=="},
        {"text": "last", "thought": True, "thoughtSignature": "Yw=="},
    ],
    "a signature at the end": [{"text": "Hello"}, {"text": "", "thoughtSignature": "c2ln"}],
    "a signature on an empty part before text": [{"text": "", "thoughtSignature": "c2ln"}, {"text": "Hello"}],
    "signed texts beside each other": [
        {"text": "a"},
        {"text": "b", "thoughtSignature": "Yg=="},
        {"text": "c", "thoughtSignature": "Yw=="},
        {"text": "d"},
    ],
    "signed text after a call": [
        {"functionCall": {"id": "1", "name": "a", "args": {}}},
        {"text": "b", "thoughtSignature": "Yg=="},
    ],
    "two empty parts": [{"text": "", "thoughtSignature": "YQ=="}, {"text": "", "thoughtSignature": "Yg=="}],
    "a signed picture": [
        {"text": "", "thoughtSignature": "YQ=="},
        {"inlineData": {"mimeType": "image/png", "data": "AAEC"}, "thoughtSignature": "Yg=="},
        {"inlineData": {"mimeType": "image/png", "data": "AAED"}},
    ],
}


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("case", SIGNED_PARTS)
def test_parts_go_back_as_they_came(case: str, streamed: bool) -> None:
    parts = SIGNED_PARTS[case]
    codec = GoogleProvider(api_key="k").chat("gemini-2.5-flash")
    if streamed:
        decoder = codec.decoder()
        for part in parts:
            decoder.feed(Frame(json.dumps({"candidates": [{"content": {"parts": [part]}}]})))
        decoder.feed(Frame(json.dumps({"candidates": [{"finishReason": "STOP"}]})))
        answer = decoder.finish()
    else:
        whole = {"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]}
        answer = codec.decode(HttpResponse(200, {}, json.dumps(whole).encode()))
    assert contents(HELLO, answer.message)[1] == {"role": "model", "parts": parts}


def test_reasoning_of_another_dialect_is_left_out() -> None:
    said = Message("assistant", (ReasoningPart("hm", "other", "anthropic"), TextPart("Hello")))
    assert contents(HELLO, said)[1]["parts"] == [{"text": "Hello"}]
