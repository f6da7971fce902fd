from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from anthropic_wire import error, events, message, redacted, text, thinking, tool_use
from graphbit_anthropic import AnthropicProvider
from hypothesis import given, settings, strategies as st

from graphbit_core import (
    AuthError,
    BadRequestError,
    ChatRequest,
    ChatResponse,
    DecodeError,
    Delta,
    Frame,
    HttpResponse,
    Message,
    ProviderError,
    RateLimitError,
    StreamInterruptedError,
    TextPart,
    ToolCall,
    UnavailableError,
    Usage,
)

CODEC = AnthropicProvider(api_key="sk-test-1234567").chat("claude-test")
SEARCH = {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "x"}}
FOUND = {"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": []}


def read(body: Any, status: int = 200) -> ChatResponse:
    return CODEC.decode(HttpResponse(status, {}, json.dumps(body).encode()))


def read_stream(told: list[Any]) -> tuple[list[Delta], ChatResponse]:
    decoder = CODEC.decoder()
    frames = [event if isinstance(event, str) else json.dumps(event) for event in told]
    return [delta for frame in frames for delta in decoder.feed(Frame(frame))], decoder.finish()


@pytest.mark.parametrize(
    ("reason", "ours"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "refusal"),
        ("pause_turn", "other"),
        ("something_new", "other"),
    ],
)
def test_stop_reasons_are_told_in_our_words(reason: str, ours: str) -> None:
    body = message(text("Hi"), stop=reason)
    assert read(body).finish_reason == ours
    assert read_stream(events(body))[1].finish_reason == ours


def test_text_behind_a_call_says_so_and_goes_back_there() -> None:
    blocks = [text("I look."), tool_use("a", "weather", {}), text("A moment.")]
    whole, (_, streamed) = read(message(*blocks)), read_stream(events(message(*blocks)))
    for answer in (whole, streamed):
        assert answer.message.content == (TextPart("I look."), TextPart("A moment.", calls_before=1))
        sent = CODEC.encode(ChatRequest((Message("user", "Hi"), answer.message)), stream=False)
        content = json.loads(sent.body)["messages"][1]["content"]
        assert [block["type"] for block in content] == ["text", "tool_use", "text"]


def test_input_tokens_are_with_those_of_the_cache() -> None:
    answer = read(message(text("Hi")))
    assert answer.usage == Usage(16, 7, cached_tokens=3, cache_write_tokens=2, reasoning_tokens=4)
    assert (answer.text, answer.model, answer.id) == ("Hi", "claude-scripted-1", "msg_1")


def test_usage_that_is_missing_or_null_counts_zero() -> None:
    for usage in (None, {}, {"input_tokens": None, "output_tokens_details": None}, "free"):
        assert read({**message(), "usage": usage}).usage == Usage()


def test_a_stream_may_leave_out_its_beginning() -> None:
    _, answer = read_stream(events(message(text("Hi")))[1:])
    assert (answer.text, answer.finish_reason, answer.usage, answer.id) == ("Hi", "stop", Usage(0, 7), "")


def test_a_stream_that_ends_without_a_reason_is_no_answer() -> None:
    with pytest.raises(DecodeError, match="stop_reason"):
        read_stream([event for event in events(message(text("Hi"))) if event["type"] != "message_delta"])


def test_counts_at_the_end_of_a_stream_overwrite_and_null_does_not() -> None:
    told = events(message(text("Hi")))
    told[-2]["usage"] = {"output_tokens": 9, "input_tokens": 20, "cache_read_input_tokens": None}
    assert read_stream(told)[1].usage == Usage(25, 9, 3, 2, 4)


def test_an_answer_may_be_empty() -> None:
    for body in (message(), message(text(""))):
        assert read(body).message == read_stream(events(body))[1].message == Message("assistant", "")


def test_blocks_and_events_that_are_unknown_are_skipped_and_kept_in_raw() -> None:
    body = message(text("I search."), SEARCH, FOUND, {"type": "something_new", "text": 7}, text("Done."))
    told = events(body)
    told.insert(3, {"type": "something_new", "weather": "fine"})
    told.insert(5, {"type": "content_block_delta", "index": 0, "delta": {"type": "new_delta"}})
    told.insert(
        -2, {"type": "content_block_delta", "index": 4, "delta": {"type": "citations_delta", "citation": 1}}
    )
    whole, (_, streamed) = read(body), read_stream([*told, "after the end"])
    assert whole.message == streamed.message == Message("assistant", "I search.Done.")
    assert whole.raw == body
    assert streamed.raw is not None
    assert streamed.raw["content"][1:4] == body["content"][1:4]
    assert streamed.raw["content"][0]["unknown_deltas"] == [{"type": "new_delta"}]
    assert streamed.raw["content"][4]["citations"] == [1]
    assert streamed.raw["unknown_events"] == [{"type": "something_new", "weather": "fine"}]
    assert streamed.raw["stop_reason"] == "end_turn"


def test_a_call_whose_input_comes_in_its_first_event_has_it() -> None:
    call = tool_use("a", "weather", {"city": "Ulm"})
    told = events(message(stop="tool_use"))
    told[2:2] = [
        {"type": "content_block_start", "index": 0, "content_block": call},
        {"type": "content_block_stop", "index": 0},
    ]
    deltas, answer = read_stream(told)
    assert answer.tool_calls == (ToolCall("a", "weather", '{"city":"Ulm"}'),)
    assert "".join(delta.text for delta in deltas) == '{"city":"Ulm"}'


def test_arguments_of_a_stream_stay_as_the_model_wrote_them() -> None:
    told = events(message(tool_use("a", "weather", {}), stop="tool_use"))
    told[3]["delta"]["partial_json"] = '{"city": '
    assert read_stream(told)[1].tool_calls == (ToolCall("a", "weather", '{"city": '),)


WORDS = st.text(st.characters(codec="utf-8"), max_size=12)
BLOCKS = st.one_of(
    WORDS.map(text),
    st.tuples(WORDS, st.text("abc=", min_size=1, max_size=5)).map(lambda pair: thinking(*pair)),
    st.text("abc=", min_size=1, max_size=5).map(redacted),
    st.dictionaries(WORDS, st.integers() | WORDS | st.booleans(), max_size=3).map(
        lambda arguments: tool_use("toolu_1", "tool", arguments)
    ),
    st.just(SEARCH),
)


@settings(deadline=None, max_examples=200)
@given(st.lists(BLOCKS, max_size=6), st.integers(1, 9))
def test_a_message_reads_the_same_whole_and_streamed_and_goes_back_as_it_came(
    blocks: list[dict[str, Any]], piece: int
) -> None:
    body = message(*blocks)
    whole, (deltas, streamed) = read(body), read_stream(events(body, piece))
    assert streamed == whole
    assert "".join(delta.text for delta in deltas if delta.kind == "text") == whole.text
    said_again = CODEC.encode(ChatRequest((Message("user", "Hi"), streamed.message)), stream=False)
    turns = json.loads(said_again.body)["messages"][1:]
    content = turns[0]["content"] if turns else []
    content = [{"type": "text", "text": content}] if isinstance(content, str) else content
    kinds = ("thinking", "redacted_thinking", "tool_use")
    came = [block for block in blocks if block["type"] in kinds]
    went = [block for block in content if block["type"] in kinds]
    assert went == [{key: value for key, value in block.items() if key != "caller"} for block in came]


@settings(deadline=None, max_examples=200)
@given(
    st.lists(
        st.recursive(
            st.none() | st.integers() | WORDS,
            lambda inner: st.dictionaries(
                st.sampled_from(
                    ["type", "index", "delta", "content_block", "message", "usage", "text", "content", "id"]
                ),
                inner | st.sampled_from([*(event["type"] for event in events(message(text("x")))), 0]),
            ),
            max_leaves=6,
        ),
        max_size=6,
    )
)
def test_whatever_a_stream_brings_is_an_answer_or_one_of_our_errors(told: list[Any]) -> None:
    start, *_, stop = events(message(text("x")))
    with contextlib.suppress(ProviderError, DecodeError, StreamInterruptedError):
        read_stream([start, *told, stop])


@pytest.mark.parametrize("kept", range(len(events(message(text("Hello"))))))
def test_a_stream_without_its_end_is_interrupted(kept: int) -> None:
    told = events(message(text("Hello")))[:kept]
    with pytest.raises(StreamInterruptedError) as caught:
        read_stream(told)
    assert caught.value.partial == "".join(event.get("delta", {}).get("text", "") for event in told)


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        {"content": []},
        {"content": "Hi", "stop_reason": "end_turn"},
        {"content": ["Hi"], "stop_reason": "end_turn"},
        {"content": [{"type": "text"}], "stop_reason": "end_turn"},
        {"content": [{"type": "tool_use", "id": "a", "input": {}}], "stop_reason": "tool_use"},
        {"content": [{"type": "thinking", "thinking": 7}], "stop_reason": "end_turn"},
        {"content": [{"type": "redacted_thinking"}], "stop_reason": "end_turn"},
    ],
)
def test_a_reply_of_another_shape_is_no_answer(body: Any) -> None:
    with pytest.raises(DecodeError) as caught:
        read(body)
    assert caught.value.excerpt is not None


@pytest.mark.parametrize(
    ("kind", "code", "expected", "retryable"),
    [
        ("overloaded_error", None, UnavailableError, None),
        ("api_error", None, UnavailableError, None),
        ("timeout_error", None, UnavailableError, None),
        ("rate_limit_error", None, RateLimitError, None),
        ("rate_limit_error", "ramp_limit_exceeded", RateLimitError, None),
        ("rate_limit_error", "enforced_spend_limit_reached", RateLimitError, False),
        ("billing_error", None, BadRequestError, False),
        ("authentication_error", None, AuthError, None),
        ("permission_error", None, AuthError, None),
        ("not_found_error", None, BadRequestError, None),
        ("invalid_request_error", None, BadRequestError, None),
        ("something_new", None, ProviderError, None),
    ],
)
def test_an_error_where_an_answer_was_due_is_told_by_its_type(
    kind: str, code: str | None, expected: type[ProviderError], retryable: bool | None
) -> None:
    body = error(kind, code=code)
    with pytest.raises(ProviderError) as whole:
        read(body)
    with pytest.raises(ProviderError) as streamed:
        read_stream([*events(message(text("Hi")))[:4], body])
    assert type(whole.value) is type(streamed.value) is expected
    assert (whole.value.status, streamed.value.status) == (200, None)
    assert (whole.value.code, whole.value.request_id) == (code or kind, "req_1")
    assert whole.value.retryable is streamed.value.retryable is retryable


@pytest.mark.parametrize(
    ("status", "kind", "code", "expected"),
    [
        (402, "billing_error", None, BadRequestError),
        (402, "billing_error", "linked_organization_spend_limit_reached", BadRequestError),
        (429, "rate_limit_error", "enforced_spend_limit_reached", RateLimitError),
        (429, "rate_limit_error", "contract_spend_limit_reached", RateLimitError),
    ],
)
def test_used_up_credit_is_final(status: int, kind: str, code: str | None, expected: type[Any]) -> None:
    found = CODEC.error(HttpResponse(status, {}, json.dumps(error(kind, code=code)).encode()))
    assert type(found) is expected
    assert (found.retryable, found.code) == (False, code or kind)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"type":"error","error":{"type":["odd"],"message":"too long"}}', "too long"),
        (b'{"error":"plain"}', "plain"),
        (b'{"detail":"fastapi"}', "fastapi"),
        (b"<html>busy</html>", "<html>busy</html>"),
        (b"", "no explanation"),
        (b"\xff\xfe", "�"),
    ],
)
def test_an_error_says_what_the_server_said_in_whatever_shape(body: bytes, said: str) -> None:
    found = CODEC.error(HttpResponse(400, {}, body))
    assert type(found) is BadRequestError
    assert said in str(found)
