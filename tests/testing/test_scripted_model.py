from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from graphbit_core import (
    ChatModel,
    ChatRequest,
    ChatResponse,
    Delta,
    Message,
    Provider,
    RateLimitError,
    ReasoningPart,
    TextPart,
    ToolCall,
    Usage,
)
from graphbit_core.testing import ScriptedModel

ASK = ChatRequest([Message("user", "How many?")])


def run(model: ScriptedModel) -> list[Delta | ChatResponse]:
    return list(model.chat("any").respond(ASK))


def spelled(items: list[Delta | ChatResponse]) -> str:
    return "".join(item.text for item in items if isinstance(item, Delta) and item.kind == "text")


def test_it_is_a_provider_and_a_model() -> None:
    assert isinstance(ScriptedModel(), Provider)
    assert isinstance(ScriptedModel(), ChatModel)


@pytest.mark.parametrize("text", ["Two words.", "", " kept  space \n", "one\n\ntwo"])
def test_the_deltas_spell_the_text_of_the_response(text: str) -> None:
    items = run(ScriptedModel([text]))
    assert isinstance(items[-1], ChatResponse)
    assert spelled(items) == items[-1].text == text


def test_turns_are_played_in_order_and_requests_are_kept() -> None:
    model = ScriptedModel(["one", "two"])
    assert [spelled(run(model)), spelled(run(model))] == ["one", "two"]
    assert model.requests == [ASK, ASK]


def test_a_script_that_is_used_up_fails_the_test_unless_its_last_turn_repeats() -> None:
    model = ScriptedModel(["one"])
    run(model)
    with pytest.raises(AssertionError, match="2 times; its script has 1"):
        run(model)
    patient = ScriptedModel(["one", "two"], repeat_last=True)
    assert [spelled(run(patient)) for _ in range(4)] == ["one", "two", "two", "two"]


def test_tool_calls_come_with_their_ids_and_end_the_turn_as_tool_calls() -> None:
    calls = [ToolCall("1", "add", '{"a": 1}'), ToolCall("2", "add", '{"a": 2}')]
    *deltas, last = run(ScriptedModel([["Let me see.", *calls]]))
    assert isinstance(last, ChatResponse)
    assert (last.text, last.tool_calls, last.finish_reason) == ("Let me see.", calls, "tool_calls")
    assert [
        (item.index, item.tool_call) for item in deltas if isinstance(item, Delta) and item.tool_call
    ] == [(0, calls[0]), (1, calls[1])]


def test_an_error_is_raised_after_what_stands_before_it() -> None:
    model = ScriptedModel([RateLimitError("slow down"), ["half an", RateLimitError("cut")]])
    with pytest.raises(RateLimitError, match="slow down"):
        run(model)
    stream: Iterator[Delta | ChatResponse] = model.respond(ASK)
    assert [next(stream).text, next(stream).text] == ["half", " an"]
    with pytest.raises(RateLimitError, match="cut"):
        next(stream)


def test_a_callable_turn_sees_the_request() -> None:
    assert spelled(run(ScriptedModel([lambda request: request.messages[-1].text.upper()]))) == "HOW MANY?"


def test_reasoning_is_streamed_beside_the_text_and_stays_in_the_message() -> None:
    thought = ReasoningPart("Two and two.", "signed", "scripted")
    *deltas, last = run(ScriptedModel([[thought, "Four."]]))
    assert isinstance(last, ChatResponse)
    assert last.message.content == [thought, TextPart("Four.")]
    assert last.text == spelled([*deltas, last]) == "Four."
    kinds = [(item.kind, item.text) for item in deltas if isinstance(item, Delta)]
    assert kinds[:2] == [("reasoning", "Two"), ("reasoning", " and")]
    whole = ChatResponse(Message("assistant", (thought, TextPart("Four."))))
    assert run(ScriptedModel([whole])) == [*deltas, whole]


def test_usage_and_waits_are_told_in_a_turn() -> None:
    usage = Usage(100, 7, cached_tokens=64)
    items = ScriptedModel([["One.", 0.05, " Two.", usage]]).chat("any").respond(ASK)
    next(items)
    started = time.monotonic()
    next(items)
    assert time.monotonic() - started >= 0.05
    last = list(items)[-1]
    assert isinstance(last, ChatResponse)
    assert (last.text, last.usage) == ("One. Two.", usage)
