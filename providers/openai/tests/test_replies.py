from __future__ import annotations

import json
from typing import Any

import pytest
from graphbit_openai import OpenAIProvider

from graphbit_core import (
    AuthError,
    BadRequestError,
    ChatResponse,
    DecodeError,
    Delta,
    Frame,
    HttpResponse,
    ProviderError,
    RateLimitError,
    StreamInterruptedError,
    ToolCall,
    UnavailableError,
    Usage,
)
from graphbit_core.testing.replies import chat_body, chat_chunk, chat_events, error_body


def codec(**settings: Any) -> Any:
    return OpenAIProvider(api_key="sk-test-1234567", **settings).chat("gpt-test")


def read(body: Any, status: int = 200) -> ChatResponse:
    answer: ChatResponse = codec().decode(HttpResponse(status, {}, json.dumps(body).encode()))
    return answer


def read_stream(events: list[Any], **settings: Any) -> tuple[list[Delta], ChatResponse]:
    decoder = codec(**settings).decoder()
    deltas = [
        delta
        for event in events
        for delta in decoder.feed(Frame(event if isinstance(event, str) else json.dumps(event)))
    ]
    return deltas, decoder.finish()


def call_chunk(index: int, arguments: str, **first: str) -> dict[str, Any]:
    function = {"arguments": arguments, **({"name": first["name"]} if "name" in first else {})}
    call: dict[str, Any] = {"index": index, "function": function}
    if "id" in first:
        call |= {"id": first["id"], "type": "function"}
    return chat_chunk({"tool_calls": [call]})


def test_usage_has_cached_and_reasoning_tokens() -> None:
    answer = read(chat_body("Hi"))
    assert answer.usage == Usage(11, 7, cached_tokens=3, reasoning_tokens=2)
    assert (answer.text, answer.model, answer.id) == ("Hi", "scripted-1", "chatcmpl-1")


def test_usage_that_is_missing_or_null_counts_zero() -> None:
    for usage in (None, {}, {"prompt_tokens": None, "prompt_tokens_details": None}, "free"):
        assert read({**chat_body(), "usage": usage}).usage == Usage()


@pytest.mark.parametrize(
    ("reason", "ours"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("content_filter", "content_filter"),
        ("tool_calls", "tool_calls"),
        ("function_call", "tool_calls"),
        ("something_new", "other"),
    ],
)
def test_finish_reasons_are_told_in_our_words(reason: str, ours: str) -> None:
    assert read(chat_body(finish=reason)).finish_reason == ours
    assert read_stream(chat_events(finish=reason))[1].finish_reason == ours


def test_a_refusal_is_its_text_and_its_finish_reason() -> None:
    body = chat_body(None)
    body["choices"][0]["message"]["refusal"] = "I can't."
    answer = read(body)
    assert (answer.text, answer.finish_reason) == ("I can't.", "refusal")
    events = [
        chat_chunk({"refusal": "I "}),
        chat_chunk({"refusal": "can't."}),
        chat_chunk({}, "stop"),
        "[DONE]",
    ]
    deltas, streamed = read_stream(events)
    assert [delta.kind for delta in deltas] == ["refusal", "refusal"]
    assert streamed.message == answer.message
    assert streamed.finish_reason == "refusal"


def test_parallel_tool_calls_are_merged_by_index() -> None:
    events = [
        call_chunk(0, "", id="a", name="weather"),
        call_chunk(0, '{"city"'),
        call_chunk(1, "", id="b", name="time"),
        call_chunk(1, "{}"),
        call_chunk(0, ':"Ulm"}'),
        chat_chunk({}, "tool_calls"),
        "[DONE]",
    ]
    deltas, answer = read_stream(events)
    assert answer.tool_calls == (ToolCall("a", "weather", '{"city":"Ulm"}'), ToolCall("b", "time", "{}"))
    assert [delta.index for delta in deltas] == [0, 0, 1, 1, 0]
    assert [delta.tool_call.name for delta in deltas if delta.tool_call] == ["weather", "time"]


def test_a_finish_reason_left_empty_beside_tool_calls_means_tool_calls() -> None:
    call = {"id": "a", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    assert read(chat_body(None, tool_calls=[call], finish="")).finish_reason == "tool_calls"


def test_what_is_unknown_in_a_stream_is_skipped() -> None:
    events = [
        {"object": "something.new", "weather": "fine"},
        {**chat_chunk({"content": "Hi", "obfuscation": "xxxx"}), "service_tier": "default"},
        {**chat_chunk({}), "choices": [], "prompt_filter_results": []},
        {**chat_chunk({}), "choices": [{"index": 1, "delta": {"content": "another choice"}}]},
        "",
        chat_chunk({}, "stop"),
        "[DONE]",
        "after the end",
    ]
    deltas, answer = read_stream(events)
    assert [delta.text for delta in deltas] == ["Hi"]
    assert answer.text == "Hi"


@pytest.mark.parametrize(
    "events", [[], ["[DONE]"], chat_events()[:-1], chat_events()[:-3], chat_events()[:2]]
)
def test_a_stream_without_its_end_is_interrupted(events: list[Any]) -> None:
    with pytest.raises(StreamInterruptedError) as caught:
        read_stream(events)
    assert caught.value.partial == "".join(
        event["choices"][0]["delta"].get("content", "")
        for event in events
        if event != "[DONE]" and event["choices"]
    )


def test_a_server_that_never_sends_done_can_be_allowed_to() -> None:
    assert read_stream(chat_events()[:-1], quirks={"require_done": False})[1].text == "Hello"
    with pytest.raises(StreamInterruptedError):
        read_stream(chat_events()[:-3], quirks={"require_done": False})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"choices": []},
        {"choices": [{}]},
        {"choices": ["text"]},
        {"choices": [{"message": {}}]},
        {"choices": [{"message": {"content": 7}, "finish_reason": "stop"}]},
        {"choices": [{"message": {"tool_calls": [{}]}, "finish_reason": "tool_calls"}]},
        {"choices": [{"message": {"tool_calls": [{"function": {"name": "x", "arguments": [1]}}]}}]},
        [],
        None,
    ],
)
def test_a_reply_of_another_shape_is_no_answer(body: Any) -> None:
    with pytest.raises(DecodeError) as caught:
        read(body)
    assert caught.value.excerpt is not None


@pytest.mark.parametrize(
    "frame",
    ["{", "[]", '{"choices":[{"delta":{"content":7}}]}', '{"choices":[{"delta":{"tool_calls":[7]}}]}'],
)
def test_a_frame_of_another_shape_is_an_error(frame: str) -> None:
    with pytest.raises(DecodeError):
        codec().decoder().feed(Frame(frame))


@pytest.mark.parametrize(
    ("error", "kind", "retryable"),
    [
        (error_body("x", kind="server_error"), UnavailableError, None),
        (error_body("x", kind="requests", code="rate_limit_exceeded"), RateLimitError, None),
        (error_body("x", kind="insufficient_quota", code="insufficient_quota"), RateLimitError, False),
        (error_body("x", kind="invalid_request_error"), BadRequestError, None),
        (error_body("x", kind="invalid_request_error", code="invalid_api_key"), AuthError, None),
        ({"error": {"message": "x", "code": 502}}, UnavailableError, None),
        ({"error": "x"}, ProviderError, None),
    ],
)
def test_an_error_where_an_answer_was_due_is_told_by_its_code(
    error: Any, kind: type[ProviderError], retryable: bool | None
) -> None:
    with pytest.raises(ProviderError) as whole:
        read(error)
    with pytest.raises(ProviderError) as streamed:
        read_stream([chat_chunk({"content": "Hi"}), error])
    assert type(whole.value) is type(streamed.value) is kind
    assert (whole.value.status, streamed.value.status) == (200, None)
    assert whole.value.retryable is retryable
    assert str(whole.value) == "x"


def test_used_up_quota_is_a_rate_limit_that_waiting_does_not_help() -> None:
    body = json.dumps(error_body("no credit", kind="insufficient_quota", code="insufficient_quota")).encode()
    error = codec().error(HttpResponse(429, {}, body))
    assert isinstance(error, RateLimitError)
    assert (error.retryable, error.code) == (False, "insufficient_quota")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error":{"message":"too long","type":"invalid_request_error"}}', "too long"),
        (b'{"error":"plain"}', "plain"),
        (b'{"detail":"fastapi"}', "fastapi"),
        (b'{"message":"gateway"}', "gateway"),
        (b"<html>busy</html>", "<html>busy</html>"),
        (b"", "no explanation"),
        (b"\xff\xfe", "�"),
    ],
)
def test_an_error_says_what_the_server_said_in_whatever_shape(body: bytes, said: str) -> None:
    error = codec().error(HttpResponse(400, {}, body))
    assert type(error) is BadRequestError
    assert said in str(error)
