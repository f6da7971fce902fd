"""Our codec of the messages API beside Anthropic's SDKs, new and old: what they send, and what they read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anthropic_wire as wire
import pytest
from anthropic import APIStatusError
from anthropic.types import Message as SdkMessage, RawMessageStreamEvent
from anthropic.types.message_create_params import (
    MessageCreateParamsNonStreaming,
    MessageCreateParamsStreaming,
)
from anthropic.types.shared import ErrorResponse
from graphbit_anthropic import AnthropicProvider
from hypothesis import given, settings, strategies as st
from pydantic import TypeAdapter

from graphbit_core import (
    ChatRequest,
    ChatResponse,
    FilePart,
    Frame,
    HttpResponse,
    ImagePart,
    Message,
    PassagePart,
    ProviderError,
    ReasoningPart,
    TextPart,
    ToolCall,
    ValidationError,
)
from graphbit_core.testing import Reply
from tests.oracles.anthropic_asked import ALWAYS, ASKED, HEADERS, KEY, MODEL, client, sdk_sends
from tests.oracles.compare import meaning, misfits, sent
from tests.oracles.requests import REQUESTS

pytestmark = pytest.mark.integration
RECORDED = json.loads(Path(__file__).with_name("anthropic_0_125.json").read_text(encoding="utf-8"))
"""What the older style sends; ``anthropic_asked`` makes it."""
NEW: dict[str, Any] = {"version": "2026-10-21"}
OLD: dict[str, Any] = {"version": "2023-06-01"}
MORE: dict[str, Any] = {"cache_ttl": "1h", "strict_tools": True, "thinking": "budget"}
REFUSED = {"seed": "knows no seed", "sampling": "takes no temperature, top_p"}
"""What the newer style cannot express; the older one samples."""
ANSWERS = {
    "text": wire.message(wire.text("Grüß Gott 👋")),
    "nothing": wire.message(),
    "thoughts": wire.message(
        wire.thinking("They greet. 🤔", "c2ln"), wire.redacted("ZGF0YQ=="), wire.text("Hello.")
    ),
    "thoughts between parallel tools": wire.message(
        wire.thinking("Weather first.", "c2ln"),
        wire.text("I look."),
        wire.tool_use("call_1", "weather", {"city": "Zürich", "days": [1, 2.5, None]}),
        wire.thinking("", "c2ln2"),
        wire.tool_use("call_2", "time", {}),
        stop="tool_use",
    ),
    "a tool of the server": wire.message(
        {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "x"}},
        {"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": []},
        wire.text("Found nothing."),
        stop="pause_turn",
    ),
    **{
        stop: wire.message(wire.text("Once"), stop=stop)
        for stop in ("max_tokens", "stop_sequence", "refusal", "model_context_window_exceeded")
    },
}


def _codec(**settings: Any) -> Any:
    return AnthropicProvider(api_key=KEY, base_url="http://127.0.0.1:9", **settings).chat(MODEL)


def _ours(request: ChatRequest, *, stream: bool = False, **settings: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(_codec(**settings).encode(request, stream=stream).body)
    return body


def test_every_request_is_compared_or_refused() -> None:
    assert ASKED.keys() | REFUSED.keys() == REQUESTS.keys()
    assert RECORDED["bodies"].keys() == ASKED.keys() | {"sampling"}


@pytest.mark.parametrize("name", ASKED)
def test_the_codec_sends_what_the_sdk_sends(name: str) -> None:
    theirs = sdk_sends(ASKED[name])
    ours = _codec(**NEW).encode(REQUESTS[name], stream=False)
    assert meaning(json.loads(ours.body)) == meaning(theirs.json())
    assert theirs.path.endswith("/v1/messages")
    assert ours.url.endswith("/v1/messages")
    assert {name: ours.headers.get(name) for name in HEADERS} == {
        name: theirs.headers.get(name) for name in HEADERS
    }


@pytest.mark.parametrize("name", RECORDED["bodies"])
def test_the_codec_sends_what_the_older_sdk_sent(name: str) -> None:
    ours = _codec(**OLD).encode(REQUESTS[name], stream=False)
    assert meaning(json.loads(ours.body)) == meaning(RECORDED["bodies"][name])
    assert ours.url.endswith(RECORDED["path"])
    assert {name: ours.headers.get(name) for name in HEADERS} == {
        name: RECORDED.get(name) for name in HEADERS
    }


def test_a_stream_is_asked_for_as_the_sdk_asks() -> None:
    def ask(url: str) -> None:
        with client(url) as sdk, sdk.messages.create(**ALWAYS, stream=True) as events:
            list(events)

    theirs = sent(Reply.stream(wire.streamed(ANSWERS["text"])), ask)
    assert meaning(_ours(REQUESTS["text"], stream=True)) == meaning(theirs.json())


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_api_cannot_express_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match=REFUSED[name]):
        _ours(REQUESTS[name], **NEW)


@pytest.mark.parametrize("name", ASKED)
def test_the_types_of_the_sdk_take_what_the_codec_sends(name: str) -> None:
    for more in ({}, MORE):
        asked = REQUESTS[name]
        cached = ChatRequest(**{f: getattr(asked, f) for f in asked.__slots__} | {"cache": bool(more)})
        assert misfits(MessageCreateParamsNonStreaming, _ours(cached, **more)) == []
        assert misfits(MessageCreateParamsStreaming, _ours(cached, stream=True, **more)) == []


def test_the_types_of_the_sdk_see_a_fault() -> None:
    body = _ours(REQUESTS["text"])
    assert misfits(MessageCreateParamsNonStreaming, {**body, "temperature": 0.5})
    assert misfits(MessageCreateParamsNonStreaming, {**body, "messages": [{"role": "tool", "content": "x"}]})


SAID = st.text(st.characters(codec="utf-8"), max_size=9)
PARTS = st.one_of(
    SAID.map(TextPart),
    st.builds(
        ReasoningPart,
        SAID,
        st.none() | SAID,
        st.sampled_from(["anthropic", "gemini"]),
        calls_before=st.integers(0, 3),
    ),
    st.builds(ReasoningPart, st.just(""), SAID, st.just("anthropic"), hidden=st.just(True)),
)
MEDIA = st.one_of(
    st.builds(PassagePart, st.integers(1, 9), SAID, SAID),
    st.builds(ImagePart, data=st.binary(max_size=5), media_type=st.just("image/png")),
    st.builds(FilePart, SAID, st.binary(max_size=5), st.just("application/pdf")),
    st.builds(FilePart, SAID, file_id=st.just("file_1")),
)
CALLS = st.builds(
    ToolCall, st.just("call_1"), st.just("weather"), st.sampled_from(["", "{}", '{"a":1}', "[", "7"])
)
TURNS = st.one_of(
    st.builds(Message, st.just("user"), SAID | st.lists(SAID.map(TextPart) | MEDIA, max_size=3)),
    st.builds(Message, st.just("assistant"), SAID | st.lists(PARTS, max_size=4), st.lists(CALLS, max_size=3)),
    st.builds(
        Message,
        st.just("tool"),
        SAID | st.lists(MEDIA, max_size=2),
        tool_call_id=st.just("call_1"),
        is_error=st.booleans(),
    ),
    st.builds(Message, st.just("system"), SAID),
)


@settings(deadline=None, max_examples=300)
@given(st.lists(TURNS, max_size=6), st.booleans())
def test_the_types_of_the_sdk_take_every_conversation_that_is_not_refused(
    turns: list[Message], cache: bool
) -> None:
    asked = ChatRequest((Message("user", "Hi"), *turns), cache=cache)
    try:
        body = _ours(asked)
    except ValidationError as error:
        assert error.field == "messages"  # an empty message of a user or the system
        assert not all(turn.text.strip() for turn in turns if turn.role in ("user", "system"))
    else:
        assert misfits(MessageCreateParamsNonStreaming, body) == []


@pytest.mark.parametrize("name", ANSWERS)
def test_what_an_answer_holds_can_be_sent_back(name: str) -> None:
    said = _read_whole(ANSWERS[name]).message
    body = _ours(ChatRequest((Message("user", "Hi"), said, Message("user", "Go on."))))
    assert misfits(MessageCreateParamsNonStreaming, body) == []
    content = body["messages"][1]["content"]
    if any(block["type"] == "thinking" for block in ANSWERS[name]["content"]):
        given = [{k: v for k, v in b.items() if k != "caller"} for b in ANSWERS[name]["content"]]
        assert meaning(content) == meaning(given)


@pytest.mark.parametrize("name", ANSWERS)
def test_the_sdk_takes_the_scripted_answers_for_real_and_reads_the_same(name: str) -> None:
    whole = ANSWERS[name]
    SdkMessage.model_validate(whole, strict=True)
    known: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
    for event in wire.events(whole):
        if event["type"] != "ping":
            known.validate_python(event)
    _same(_read_whole(whole), _sdk_whole(whole))
    _same(_read_stream(whole), _sdk_stream(whole))
    assert _read_stream(whole) == _read_whole(whole)


@pytest.mark.parametrize(
    "kind", ["overloaded_error", "rate_limit_error", "invalid_request_error", "api_error"]
)
def test_an_error_inside_a_stream_is_an_error_to_both(kind: str) -> None:
    event = wire.error(kind)
    assert ErrorResponse.model_validate(event).error.type == kind
    told = [*wire.events(ANSWERS["text"])[:4], event]

    def ask(url: str) -> None:
        with client(url) as sdk, sdk.messages.stream(**ALWAYS) as events:
            list(events)

    with pytest.raises(APIStatusError) as theirs:
        sent(Reply.stream(wire.sse(told)), ask)
    decoder = _codec().decoder()
    with pytest.raises(ProviderError) as ours:
        for one in told:
            decoder.feed(Frame(json.dumps(one), one["type"]))
    assert ours.value.code == theirs.value.type == kind


_FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refusal",
    "pause_turn": "other",
}


def _same(ours: ChatResponse, theirs: SdkMessage) -> None:
    assert ours.text == "".join(block.text for block in theirs.content if block.type == "text")
    assert [(call.id, call.name, json.loads(call.arguments)) for call in ours.tool_calls] == [
        (block.id, block.name, block.input) for block in theirs.content if block.type == "tool_use"
    ]
    content = ours.message.content if not isinstance(ours.message.content, str) else ()
    assert [(part.text, part.signature) for part in content if isinstance(part, ReasoningPart)] == [
        ("", block.data) if block.type == "redacted_thinking" else (block.thinking, block.signature)
        for block in theirs.content
        if block.type in ("thinking", "redacted_thinking")
    ]
    assert ours.finish_reason == _FINISH[theirs.stop_reason or ""]
    usage = theirs.usage
    cached, written = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
    assert ours.usage.input_tokens == usage.input_tokens + cached + written
    assert (ours.usage.cached_tokens, ours.usage.cache_write_tokens) == (cached, written)
    assert ours.usage.output_tokens == usage.output_tokens
    assert usage.output_tokens_details is not None
    assert ours.usage.reasoning_tokens == usage.output_tokens_details.thinking_tokens
    assert (ours.id, ours.model) == (theirs.id, theirs.model)


def _read_whole(whole: dict[str, Any]) -> ChatResponse:
    answer: ChatResponse = _codec().decode(HttpResponse(200, body=json.dumps(whole).encode()))
    return answer


def _read_stream(whole: dict[str, Any]) -> ChatResponse:
    decoder = _codec().decoder()
    for event in wire.events(whole):
        decoder.feed(Frame(json.dumps(event), event["type"]))
    answer: ChatResponse = decoder.finish()
    return answer


def _sdk_whole(whole: dict[str, Any]) -> SdkMessage:
    found: list[SdkMessage] = []

    def ask(url: str) -> None:
        with client(url) as sdk:
            found.append(sdk.messages.create(**ALWAYS))

    sent(Reply.json(whole), ask)
    return found[0]


def _sdk_stream(whole: dict[str, Any]) -> SdkMessage:
    found: list[SdkMessage] = []

    def ask(url: str) -> None:
        with client(url) as sdk, sdk.messages.stream(**ALWAYS) as stream:
            found.append(stream.get_final_message())

    sent(Reply.stream(wire.streamed(whole)), ask)
    return found[0]
