"""How replies and errors are read, where the conformance kit does not look."""

from __future__ import annotations

import json
from typing import Any

import pytest
from graphbit_google import GoogleProvider

from graphbit_core import (
    AuthError,
    BadRequestError,
    ChatRequest,
    ChatResponse,
    DecodeError,
    Frame,
    HttpResponse,
    LlmClient,
    Message,
    RateLimitError,
    StreamInterruptedError,
    TextPart,
)
from graphbit_core.testing import ModelServer, Reply

CODEC = GoogleProvider(api_key="k").chat("gemini-3.8-flash")


def reply(payload: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(status, {}, json.dumps(payload).encode())


def decoded(finish: str | None, *parts: dict[str, Any]) -> ChatResponse:
    candidate = {"content": {"parts": list(parts)}, "finishReason": finish}
    return CODEC.decode(reply({"candidates": [candidate]}))


def exhausted(*details: dict[str, Any]) -> Any:
    error = {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED", "details": list(details)}
    return CODEC.error(reply({"error": error}, 429))


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("SPII", "content_filter"),
        ("LANGUAGE", "other"),
        ("TOO_MANY_TOOL_CALLS", "other"),
        ("SOMETHING_NEW", "other"),
        (None, "other"),
    ],
)
def test_finish_reasons_in_our_words(theirs: str | None, ours: str) -> None:
    assert decoded(theirs, {"text": "x"}).finish_reason == ours


def test_a_stop_with_calls_is_tool_calls_and_a_cut_one_is_not() -> None:
    call = {"functionCall": {"name": "a", "args": {}}}
    assert decoded("STOP", call).finish_reason == "tool_calls"
    assert decoded("MAX_TOKENS", call).finish_reason == "length"


def test_text_behind_a_call_says_so_and_goes_back_there() -> None:
    call = {"functionCall": {"id": "a", "name": "weather", "args": {}}}
    answer = decoded("STOP", {"text": "I look."}, call, {"text": "A moment."})
    assert answer.message.content == (TextPart("I look."), TextPart("A moment.", calls_before=1))
    sent = CODEC.encode(ChatRequest((Message("user", "Hi"), answer.message)), stream=False)
    parts = json.loads(sent.body)["contents"][1]["parts"]
    assert [part.get("text") for part in parts] == ["I look.", None, "A moment."]


def test_calls_without_ids_are_named_by_answer_and_place() -> None:
    parts: list[dict[str, Any]] = [
        {"functionCall": {"name": "a"}},
        {"functionCall": {"name": "a", "args": None}},
    ]
    candidate = {"content": {"parts": parts}, "finishReason": "STOP"}
    answer = CODEC.decode(reply({"candidates": [candidate], "responseId": "r"}))
    assert [(call.id, call.arguments) for call in answer.tool_calls] == [
        ("call-r-0", "{}"),
        ("call-r-1", "{}"),
    ]
    assert [call.id for call in decoded("STOP", *parts).tool_calls] == ["call-0", "call-1"]


@pytest.mark.parametrize("finish", ["MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE", "UNEXPECTED_TOOL_CALL"])
def test_what_the_api_could_not_read_is_no_answer_and_is_tried_again(finish: str) -> None:
    spoiled = Reply.json({"candidates": [{"finishReason": finish}]})
    good = Reply.json({"candidates": [{"content": {"parts": [{"text": "x"}]}, "finishReason": "STOP"}]})
    with ModelServer() as server:
        url = server.script(spoiled, good)
        policy = {"max_attempts": 2, "backoff_base": 0.001}
        client = LlmClient("google", api_key="k", base_url=url, policy=policy)
        assert client.complete("x") == "x"
    with pytest.raises(DecodeError, match=finish):
        decoded(finish, {"text": "half"})


@pytest.mark.parametrize(
    "parts",
    [
        [{"functionCall": {"args": {}}}],
        [{"functionCall": {"name": "a", "args": [1]}}],
        [{"functionCall": {"name": "a", "partialArgs": [{}]}}],
        [{"inlineData": {"mimeType": "image/png", "data": "?"}}],
        [{"text": 7}],
        ["text"],
        {"text": "x"},
    ],
)
def test_parts_that_are_not_what_they_should_be_are_no_answer(parts: Any) -> None:
    candidate = {"content": {"parts": parts}, "finishReason": "STOP"}
    with pytest.raises(DecodeError):
        CODEC.decode(reply({"candidates": [candidate]}))


def test_a_blocked_prompt_is_an_error_whole_and_streamed() -> None:
    blocked = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT", "blockReasonMessage": "no"}}
    with pytest.raises(BadRequestError, match="PROHIBITED_CONTENT") as caught:
        CODEC.decode(reply(blocked))
    assert (caught.value.code, caught.value.retryable) == ("PROHIBITED_CONTENT", False)
    with pytest.raises(BadRequestError, match="PROHIBITED_CONTENT"):
        CODEC.decoder().feed(Frame(json.dumps(blocked)))


def test_a_stream_without_a_finish_reason_is_interrupted() -> None:
    decoder = CODEC.decoder()
    decoder.feed(Frame(json.dumps({"candidates": [{"content": {"parts": [{"text": "Hel"}]}}]})))
    with pytest.raises(StreamInterruptedError) as caught:
        decoder.finish()
    assert caught.value.partial == "Hel"


def test_counts_of_a_stream_are_the_last_ones_of_each_kind() -> None:
    decoder = CODEC.decoder()
    for usage in ({"promptTokenCount": 5}, {"candidatesTokenCount": 1}, {"candidatesTokenCount": 4}):
        chunk = {"candidates": [{"content": {"parts": [{"text": "x"}]}}], "usageMetadata": usage}
        decoder.feed(Frame(json.dumps(chunk)))
    decoder.feed(Frame(json.dumps({"candidates": [{"finishReason": "STOP"}]})))
    answer = decoder.finish()
    assert (answer.usage.input_tokens, answer.usage.output_tokens, answer.text) == (5, 4, "xxx")


@pytest.mark.parametrize(
    ("delay", "expected"),
    [
        ("46s", 46),
        ("1.5s", 1.5),
        ("10h17m", 37020),
        ("500ms", 0.5),
        ("0s", 0),
        ("soon", None),
        (7, None),
        ("", None),
    ],
)
def test_a_retry_delay_is_read_as_seconds(delay: Any, expected: float | None) -> None:
    error = exhausted({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay})
    assert type(error) is RateLimitError
    assert (error.code, error.retry_after, error.retryable) == ("RESOURCE_EXHAUSTED", expected, None)


@pytest.mark.parametrize(
    ("violation", "retryable"),
    [
        ({"quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "quotaValue": "15"}, None),
        ({"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "quotaValue": "50"}, False),
        ({"quotaId": "GenerateContentInputTokensPerModelPerMinute-FreeTier", "quotaValue": "0"}, False),
        ({"quotaId": "GenerateContentInputTokensPerModelPerMinute-FreeTier"}, False),
        ({"subject": "someone"}, None),
    ],
)
def test_a_quota_of_the_day_or_of_zero_is_not_tried_again(
    violation: dict[str, str], retryable: bool | None
) -> None:
    assert exhausted({"violations": [violation]}).retryable is retryable


def test_a_bad_key_is_an_auth_error_although_its_status_is_400() -> None:
    error = {
        "code": 400,
        "message": "m",
        "status": "INVALID_ARGUMENT",
        "details": [{"reason": "API_KEY_INVALID"}],
    }
    found = CODEC.error(reply([{"error": error}], 400))
    assert isinstance(found, AuthError)
    assert (found.status, found.code) == (400, "API_KEY_INVALID")


def test_an_empty_answer_of_a_model_that_thought_too_long_is_cut_off_not_broken() -> None:
    answer = CODEC.decode(reply({"candidates": [{"content": {}, "finishReason": "MAX_TOKENS"}]}))
    assert (answer.text, answer.finish_reason) == ("", "length")
