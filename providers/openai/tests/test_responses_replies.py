from __future__ import annotations

import json
from typing import Any

import pytest
import responses_wire as wire
from graphbit_openai import OpenAIResponsesProvider

from graphbit_core import (
    AuthError,
    BadRequestError,
    ChatRequest,
    ChatResponse,
    DecodeError,
    Delta,
    Frame,
    GraphBitError,
    HttpResponse,
    Message,
    ProviderError,
    RateLimitError,
    ReasoningPart,
    StreamInterruptedError,
    TextPart,
    ToolCall,
    UnavailableError,
    Usage,
)

CODEC = OpenAIResponsesProvider(api_key="sk-test-1234567").chat("gpt-test")


def whole(*output: dict[str, Any], **fields: Any) -> ChatResponse:
    return CODEC.decode(HttpResponse(200, body=json.dumps(wire.response(*output, **fields)).encode()))


def feed(events: list[dict[str, Any]]) -> tuple[list[Delta], ChatResponse]:
    decoder = CODEC.decoder()
    deltas = [delta for event in events for delta in decoder.feed(Frame(json.dumps(event)))]
    return deltas, decoder.finish()


def test_reasoning_says_how_many_calls_came_before_it() -> None:
    output = (wire.reasoning("One."), wire.call("c1", "a", "{}"), wire.reasoning(id="rs_2"))
    answer = whole(*output, wire.call("c2", "b", "{}"))
    assert answer.message.content == (
        ReasoningPart("One.", "gAAA", "openai-responses", "rs_1"),
        ReasoningPart("", "gAAA", "openai-responses", "rs_2", hidden=True, calls_before=1),
    )
    assert answer.tool_calls == (ToolCall("c1", "a", "{}"), ToolCall("c2", "b", "{}"))


def test_texts_say_their_phase_and_how_many_calls_came_before_them() -> None:
    output = (
        {**wire.message("I look."), "phase": "commentary"},
        wire.call("c1", "a", "{}"),
        {**wire.message("There it is."), "phase": "final_answer"},
    )
    answers = whole(*output), feed(wire.events(wire.response(*output)))[1]
    for answer in answers:
        assert answer.text == "I look.There it is."
        assert answer.message.content == (
            TextPart("I look.", "commentary"),
            TextPart("There it is.", "final_answer", calls_before=1),
        )
        sent = CODEC.encode(ChatRequest((Message("user", "Hi"), answer.message)), stream=False)
        [_, *items] = json.loads(sent.body)["input"]
        assert [(item["type"], item.get("phase")) for item in items] == [
            ("message", "commentary"),
            ("function_call", None),
            ("message", "final_answer"),
        ]


@pytest.mark.parametrize(
    ("fields", "finish"),
    [
        ({}, "stop"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "length"),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, "content_filter"),
        ({"status": "incomplete", "incomplete_details": {"reason": "steered"}}, "other"),
        ({"status": "incomplete", "incomplete_details": None}, "other"),
    ],
)
def test_an_answer_says_why_it_ended(fields: dict[str, Any], finish: str) -> None:
    assert whole(wire.message("Once"), **fields).finish_reason == finish
    for event in wire.events(wire.response(wire.message("Once"), **fields))[-1:]:
        event["response"].pop("status")
        assert feed([event])[1].finish_reason == finish


def test_calls_of_an_answer_that_was_cut_off_do_not_count_as_asked_for() -> None:
    cut = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    assert whole(wire.call("c1", "a", '{"x":'), **cut).finish_reason == "length"


def test_a_refusal_is_told_apart() -> None:
    answer = whole(wire.message(refusal="No."))
    assert (answer.text, answer.finish_reason) == ("No.", "refusal")


def test_items_of_the_providers_own_tools_are_skipped_and_stay_in_raw() -> None:
    search = {"id": "ws_1", "type": "web_search_call", "status": "completed"}
    answer = whole(search, wire.message("Found."))
    assert answer.text == "Found."
    assert answer.raw is not None
    assert answer.raw["output"][0] == search


@pytest.mark.parametrize(
    ("fields", "kind", "facts"),
    [
        ({"error": {"code": "server_error", "message": "x"}}, UnavailableError, {"code": "server_error"}),
        ({"error": {"code": "rate_limit_exceeded", "message": "x"}}, RateLimitError, {}),
        ({"error": {"code": "invalid_prompt", "message": "x"}}, BadRequestError, {}),
        ({"error": {"code": "image_too_large", "message": "x"}}, BadRequestError, {"status": 200}),
        ({"error": {"code": "bio_policy", "message": "x"}}, BadRequestError, {"code": "bio_policy"}),
        ({"error": {"code": "invalid_api_key", "message": "x"}}, AuthError, {}),
        ({"error": {"code": "vector_store_timeout", "message": "x"}}, ProviderError, {}),
        ({"status": "failed"}, ProviderError, {"status": 200}),
        ({"status": "cancelled"}, ProviderError, {"status": 200}),
        ({"status": "queued"}, DecodeError, {"status": 200}),
        ({"status": "in_progress"}, DecodeError, {"status": 200}),
        ({"status": "new word"}, DecodeError, {"status": 200}),
        ({"output": None}, DecodeError, {"status": 200}),
        ({"output": [{}], "status": None}, DecodeError, {"status": 200}),
        ({"output": ["x"]}, DecodeError, {}),
        ({"output": [{"type": "message", "content": "x"}]}, DecodeError, {}),
        ({"output": [{"type": "function_call", "arguments": "{}"}]}, DecodeError, {}),
    ],
)
def test_what_is_no_answer_is_an_error(
    fields: dict[str, Any], kind: type[GraphBitError], facts: dict[str, Any]
) -> None:
    with pytest.raises(GraphBitError) as caught:
        whole(**fields)
    assert type(caught.value) is kind
    assert facts.items() <= caught.value.facts().items()


def test_a_stream_gives_reasoning_text_and_calls_as_they_come() -> None:
    output = (wire.reasoning("Think."), wire.message("Grüß 👋"), wire.call("c1", "a", '{"x":1,"y":2}'))
    deltas, answer = feed(wire.events(wire.response(*output)))
    assert answer == whole(*output)
    assert answer.usage == Usage(11, 7, cached_tokens=3, reasoning_tokens=2)
    assert "".join(delta.text for delta in deltas if delta.kind == "reasoning") == "Think."
    assert "".join(delta.text for delta in deltas if delta.kind == "text") == "Grüß 👋"
    calls = [delta for delta in deltas if delta.kind == "tool_call"]
    assert calls[0].tool_call == ToolCall("c1", "a", "")
    assert "".join(delta.text for delta in calls) == '{"x":1,"y":2}'


def test_arguments_and_text_that_come_in_no_piece_are_given_at_the_end() -> None:
    output = (wire.message("Hello."), wire.call("c1", "a", '{"x":1}'), wire.call("c2", "b", "{}"))
    kept = ("response.created", "response.output_item.done", "response.completed")
    events = [e for e in wire.events(wire.response(*output)) if e["type"] in kept]
    deltas, answer = feed(events)
    assert [(d.kind, d.index, d.text) for d in deltas] == [
        ("tool_call", 0, ""),
        ("tool_call", 0, '{"x":1}'),
        ("tool_call", 1, ""),
        ("tool_call", 1, "{}"),
        ("text", 0, "Hello."),
    ]
    assert answer == whole(*output)


def test_items_are_told_apart_by_their_ids_where_a_server_does_not_say_their_places() -> None:
    output = (wire.message("Hello."), wire.call("c1", "a", '{"x":1}'), wire.call("c2", "b", '{"y":22}'))
    events = wire.events(wire.response(*output))
    for event in events:
        event.pop("output_index", None)
    deltas, answer = feed(events)
    assert answer == whole(*output)
    assert "".join(delta.text for delta in deltas if delta.index == 1) == '{"y":22}'


def test_an_end_without_output_is_filled_from_the_items_that_came() -> None:
    events = wire.events(wire.response(wire.message("Hello."), wire.call("c1", "a", "{}")))
    events[-1]["response"]["output"] = []
    assert feed(events)[1] == whole(wire.message("Hello."), wire.call("c1", "a", "{}"))


def test_unknown_events_and_a_done_do_not_disturb() -> None:
    decoder = CODEC.decoder()
    for event in (*wire.events(wire.response(wire.message("Hi"))), {"type": "response.new.thing"}):
        assert not decoder.feed(Frame(json.dumps({"type": "response.other.thing", "delta": 7})))
        decoder.feed(Frame(json.dumps(event)))
        assert not decoder.feed(Frame("[DONE]"))
    assert decoder.finish().text == "Hi"


def test_an_event_is_known_by_its_name_where_its_data_does_not_say_it() -> None:
    decoder = CODEC.decoder()
    for event in wire.events(wire.response(wire.message("Hi"))):
        name = event.pop("type")
        decoder.feed(Frame(json.dumps(event), name))
    assert decoder.finish().text == "Hi"


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"type": "error", "code": "rate_limit_exceeded", "message": "x"}, RateLimitError),
        ({"type": "error", "error": {"type": "invalid_request_error", "message": "x"}}, BadRequestError),
        ({"type": "error", "code": None, "message": None}, ProviderError),
        ({"error": {"message": "busy", "type": "server_error"}}, UnavailableError),
        ({"type": "response.failed", "response": {"error": {"code": "server_error"}}}, UnavailableError),
        ({"type": "response.failed", "response": {"status": "failed"}}, ProviderError),
        ({"type": "response.failed", "response": {}}, ProviderError),
        ({"type": "response.cancelled", "response": {}}, ProviderError),
        ({"type": "response.failed"}, DecodeError),
        ({"type": "response.completed", "response": {"status": "queued"}}, DecodeError),
        ({"type": "response.output_item.added"}, DecodeError),
        ({"type": "response.output_item.done", "item": {"type": "message"}}, DecodeError),
        ({"type": "response.function_call_arguments.delta", "delta": "{", "output_index": 0}, DecodeError),
        ({"type": "response.output_text.delta", "delta": 7}, DecodeError),
    ],
)
def test_an_error_inside_a_stream_ends_it(event: dict[str, Any], kind: type[GraphBitError]) -> None:
    with pytest.raises(GraphBitError) as caught:
        feed([event])
    assert type(caught.value) is kind


def test_arguments_that_are_not_those_of_their_pieces_are_no_answer() -> None:
    events = wire.events(wire.response(wire.call("c1", "a", '{"x":1}')))
    [done] = [event for event in events if event["type"] == "response.output_item.done"]
    done["item"]["arguments"] = '{"y":1}'
    with pytest.raises(DecodeError, match="not those of its pieces"):
        feed(events)


def test_a_stream_without_its_end_is_interrupted() -> None:
    with pytest.raises(StreamInterruptedError) as caught:
        feed(wire.events(wire.response(wire.message("Hello.")))[:-1])
    assert caught.value.partial == "Hello."
