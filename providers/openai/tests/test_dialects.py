"""Replies, streams, usage and errors as other servers write them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from graphbit_openai import OpenAIProvider

from graphbit_core import (
    BadRequestError,
    ChatResponse,
    DecodeError,
    Delta,
    Frame,
    HttpResponse,
    ProviderError,
    RateLimitError,
    ReasoningPart,
    StreamInterruptedError,
    TextPart,
    ToolCall,
    UnavailableError,
    Usage,
)
from graphbit_core.testing.replies import chat_body, chat_chunk


def codec(**quirks: Any) -> Any:
    return OpenAIProvider(api_key="sk-test-1234567", quirks=quirks).chat("gpt-test")


def read(message: dict[str, Any], finish: Any = "stop", **more: Any) -> ChatResponse:
    quirks = more.pop("quirks", {})
    body = {**chat_body(), **more}
    body["choices"][0] |= {"message": {"role": "assistant", **message}, "finish_reason": finish}
    answer: ChatResponse = codec(**quirks).decode(HttpResponse(200, {}, json.dumps(body).encode()))
    return answer


def read_stream(*events: Any, **quirks: Any) -> tuple[list[Delta], ChatResponse]:
    decoder = codec(**quirks).decoder()
    frames = [Frame(event if isinstance(event, str) else json.dumps(event)) for event in events]
    return [delta for frame in frames for delta in decoder.feed(frame)], decoder.finish()


END = (chat_chunk({}, "stop"), "[DONE]")


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_is_a_part_before_the_text_whatever_it_is_called(name: str) -> None:
    deltas, streamed = read_stream(
        chat_chunk({name: "h"}),
        chat_chunk({name: "m", "content": None}),
        chat_chunk({"content": "Yes"}),
        *END,
    )
    expected = (ReasoningPart("hm", origin="openai"), TextPart("Yes"))
    assert read({name: "hm", "content": "Yes"}).message.content == expected
    assert streamed.message.content == expected
    assert [delta.kind for delta in deltas] == ["reasoning", "reasoning", "text"]
    both = {"reasoning": "hm", "reasoning_content": "hm", "content": "Yes"}
    assert read(both).message.content == expected


def test_reasoning_details_are_put_together_by_type_and_index() -> None:
    pieces: list[dict[str, Any]] = [
        {"type": "reasoning.text", "index": 0, "text": "h", "format": "a"},
        {"type": "reasoning.text", "index": 0, "text": "m"},
        {"type": "reasoning.text", "index": 0, "text": "", "signature": "s"},
        {"type": "reasoning.encrypted", "index": 1, "data": "x"},
    ]
    _, answer = read_stream(*(chat_chunk({"reasoning_details": [piece]}) for piece in pieces), *END)
    part = answer.message.content[0]
    assert isinstance(part, ReasoningPart)
    assert (part.text, part.hidden) == ("hm", False)
    assert json.loads(part.signature or "") == [
        {"type": "reasoning.text", "index": 0, "text": "hm", "format": "a", "signature": "s"},
        {"type": "reasoning.encrypted", "index": 1, "data": "x"},
    ]
    hidden = read({"content": "Yes", "reasoning_details": [pieces[3]]}).message.content[0]
    assert isinstance(hidden, ReasoningPart)
    assert (hidden.text, hidden.hidden, hidden.signature) == (
        "",
        True,
        '[{"type":"reasoning.encrypted","index":1,"data":"x"}]',
    )


def test_content_may_be_a_list_of_chunks() -> None:
    chunks = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
        {"type": "text", "text": "Y"},
        {"type": "reference", "reference_ids": [1]},
        {"type": "text", "text": "es"},
    ]
    expected = (ReasoningPart("hm", origin="openai"), TextPart("Yes"))
    assert read({"content": chunks}).message.content == expected
    deltas, streamed = read_stream(*(chat_chunk({"content": [chunk]}) for chunk in chunks), *END)
    assert streamed.message.content == expected
    assert [delta.text for delta in deltas] == ["hm", "Y", "es"]
    with pytest.raises(DecodeError):
        read({"content": ["text"]})


@pytest.mark.parametrize(("word", "ours"), [("eos", "stop"), ("model_length", "length")])
def test_other_words_for_finish_reasons_are_understood(word: str, ours: str) -> None:
    assert read({"content": "Hi"}, word).finish_reason == ours


@pytest.mark.parametrize("word", ["error", "insufficient_system_resource"])
def test_an_answer_that_the_server_broke_off_is_an_error(word: str) -> None:
    with pytest.raises(UnavailableError, match=word):
        read({"content": "Hel"}, word)
    with pytest.raises(UnavailableError, match=word):
        read_stream(chat_chunk({"content": "Hel"}), chat_chunk({}, word), "[DONE]")


@pytest.mark.parametrize("finish", ["", None])
def test_a_finish_reason_may_be_left_out_only_where_that_is_known_of_the_server(finish: str | None) -> None:
    events = (chat_chunk({"content": "Hi"}), chat_chunk({}, finish), "[DONE]")
    assert read_stream(*events, require_finish=False)[1].finish_reason == "stop"
    assert read({"content": "Hi"}, finish, quirks={"require_finish": False}).finish_reason == "stop"
    with pytest.raises(StreamInterruptedError):
        read_stream(*events)
    with pytest.raises(StreamInterruptedError):
        read_stream(*events[:2], require_finish=False)
    with pytest.raises(StreamInterruptedError, match="without an answer"):
        read_stream("[DONE]", require_finish=False)


def test_a_call_whose_fragments_have_no_index_begins_with_its_id() -> None:
    def fragment(arguments: str, **first: str) -> dict[str, Any]:
        name = {"name": "weather"} if first else {}
        return chat_chunk({"tool_calls": [{**first, "function": {"arguments": arguments, **name}}]})

    _, answer = read_stream(
        fragment('{"a"', id="x"),
        fragment(":1}"),
        fragment("{}", id="y"),
        chat_chunk({}, "tool_calls"),
        "[DONE]",
    )
    assert answer.tool_calls == (ToolCall("x", "weather", '{"a":1}'), ToolCall("y", "weather", "{}"))


@pytest.mark.parametrize(
    ("usage", "quirks", "expected"),
    [
        ({"prompt_tokens": 9, "cached_tokens": 4}, {}, Usage(9, cached_tokens=4)),
        ({"prompt_tokens": 9, "prompt_cache_hit_tokens": 4}, {}, Usage(9, cached_tokens=4)),
        (
            {"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 5}},
            {},
            Usage(9, cached_tokens=4, cache_write_tokens=5),
        ),
        ({"completion_tokens": 5, "reasoning_tokens": 2}, {}, Usage(0, 5, reasoning_tokens=2)),
        (
            {"completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 2}},
            {"reasoning_apart": True},
            Usage(0, 7, reasoning_tokens=2),
        ),
        ({"cost": 0.5}, {"cost": "cost"}, Usage(cost=0.5)),
        ({"cost": 0.5}, {}, Usage()),
        ({"cost": {"total_cost": 0.5}}, {"cost": "cost.total_cost"}, Usage(cost=0.5)),
        ({"ticks": 20_000_000_000}, {"cost": "ticks", "cost_unit": 1e-10}, Usage(cost=2.0)),
        ({"cost": True}, {"cost": "cost"}, Usage()),
        ({"cost": 10**400}, {"cost": "cost"}, Usage()),
        ({"cost": -1}, {"cost": "cost"}, Usage()),
    ],
)
def test_usage_is_found_where_a_server_writes_it(
    usage: dict[str, Any], quirks: dict[str, Any], expected: Usage
) -> None:
    assert read({"content": "Hi"}, usage=usage, quirks=quirks).usage == expected
    _, streamed = read_stream(chat_chunk({"content": "Hi"}), {**END[0], "usage": usage}, "[DONE]", **quirks)
    assert streamed.usage == expected


def test_usage_may_stand_in_x_groq_or_in_the_choice() -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 2}
    groq = {**chat_chunk({}, "stop"), "x_groq": {"id": "r", "usage": usage}}
    choice = chat_chunk({}, "stop")
    choice["choices"][0]["usage"] = usage
    for last in (groq, choice):
        assert read_stream(chat_chunk({"content": "Hi"}), last, "[DONE]")[1].usage == Usage(9, 2)


def test_an_error_in_x_groq_or_in_a_choice_ends_the_stream() -> None:
    with pytest.raises(ProviderError, match="too slow"):
        read_stream({**chat_chunk({}), "x_groq": {"error": "too slow"}})
    broken = chat_chunk({}, "error")
    broken["choices"][0]["error"] = {"code": 502, "message": "gone"}
    with pytest.raises(UnavailableError, match="gone"):
        read_stream(broken)


def test_citations_and_annotations_are_kept_in_raw() -> None:
    found = {"citations": ["https://a.example"], "search_results": [{"title": "A"}]}
    assert (read({"content": "Hi"}, **found).raw or {})["citations"] == found["citations"]
    note = {"type": "url_citation", "url_citation": {"url": "https://a.example"}}
    first = {**chat_chunk({"content": "Hi", "annotations": [note]}), **found}
    _, streamed = read_stream(first, *END)
    raw = streamed.raw or {}
    assert (raw["citations"], raw["search_results"], raw["annotations"]) == (*found.values(), [note])


def test_empty_lines_before_a_body_do_no_harm() -> None:
    body = b"\n\n\r\n" + json.dumps(chat_body("Hi")).encode()
    assert codec().decode(HttpResponse(200, {}, body)).text == "Hi"


def error(status: int, body: Any, **headers: str) -> ProviderError:
    found: ProviderError = codec().error(HttpResponse(status, headers, json.dumps(body).encode()))
    return found


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            {"detail": [{"loc": ["body", "tools", 0], "msg": "field required"}]},
            "body.tools.0: field required",
        ),
        ({"message": {"detail": [{"loc": ["body"], "msg": "extra"}]}, "type": "invalid"}, "body: extra"),
        ([{"error": {"message": "in a list"}}], "in a list"),
        ({"error": {"code": 400, "message": "as a number"}}, "as a number"),
        ({"error": {"message": "Provider returned error", "metadata": {"raw": "too long"}}}, "too long"),
        ({"detail": {"detail": {"detail": {"detail": {"detail": "deep"}}}}}, "HTTP 422"),
    ],
)
def test_an_error_says_what_the_server_said_in_whatever_shape(body: Any, said: str) -> None:
    found = error(422, body)
    assert type(found) is BadRequestError
    assert said in str(found)


def test_used_up_credit_is_final_whatever_its_status() -> None:
    assert error(429, {"error": {"message": "x", "type": "exceeded_current_quota_error"}}).retryable is False
    assert error(402, {"error": {"message": "Insufficient Balance"}}).status == 402


def test_a_request_above_the_tokens_of_a_minute_is_a_rate_limit_that_waiting_does_not_help() -> None:
    found = error(413, {"error": {"message": "TPM", "type": "tokens", "code": "rate_limit_exceeded"}})
    assert isinstance(found, RateLimitError)
    assert (found.status, found.retryable) == (413, False)
    assert type(error(413, {"error": {"message": "too large"}})) is BadRequestError


def test_the_moment_that_a_body_names_is_a_wait_by_the_clock_of_the_reply() -> None:
    body: dict[str, Any] = {
        "error": {"code": 429, "message": "x", "metadata": {"headers": {"X-RateLimit-Reset": "784111781500"}}}
    }
    date = "Sun, 06 Nov 1994 08:49:37 GMT"
    assert error(429, body, date=date).retry_after == 4.5
    assert error(429, body, date="Sun, 06 Nov 1994 08:49:57 GMT").retry_after == 0.0
    assert error(429, body).retry_after is None
    assert error(429, body, date="yesterday").retry_after is None
    assert error(429, body, **{"date": date, "retry-after": "9"}).retry_after is None
    for reset in ("soon", "-1", "9" * 40, None):
        body["error"]["metadata"]["headers"]["X-RateLimit-Reset"] = reset
        assert error(429, body, date=date).retry_after is None
