"""Our codec of the responses API beside OpenAI's SDK: what both send, and what both read."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
import responses_wire as wire
from graphbit_openai import OpenAIResponsesProvider
from openai import OpenAI
from openai.types.responses import Response, ResponseStreamEvent
from openai.types.responses.response_create_params import (
    ResponseCreateParamsNonStreaming,
    ResponseCreateParamsStreaming,
)
from pydantic import TypeAdapter

from graphbit_core import (
    ChatRequest,
    ChatResponse,
    Frame,
    HttpResponse,
    Message,
    ReasoningPart,
    ValidationError,
)
from graphbit_core.testing import Reply
from tests.oracles.compare import meaning, misfits, sent
from tests.oracles.requests import CITY, PDF, PNG, REQUESTS

pytestmark = pytest.mark.integration
KEY = "sk-oracle-1234567"
MODEL = "gpt-5.6-luna"
HELLO = {"role": "user", "content": "Grüß Gott 👋"}
WEATHER, TIME = (
    {"type": "function", "name": name, "description": f"The {name} in a city.", "parameters": CITY}
    | {"strict": False}
    for name in ("weather", "time")
)
ALWAYS: dict[str, Any] = {
    "model": MODEL,
    "store": False,
    "include": ["reasoning.encrypted_content"],
    "input": [HELLO],
}


def _with(part: dict[str, Any], text: str = "What is it?") -> dict[str, Any]:
    content = [{"type": "input_text", "text": text}, part]
    return {"input": [{"role": "user", "content": content}]}


def _data(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{b64encode(data).decode()}"


ASKED: dict[str, dict[str, Any]] = {
    "text": {},
    "system and turns": {
        "instructions": "Be brief.",
        "input": [
            HELLO,
            {"type": "message", "role": "assistant", "content": "Hello."},
            {"role": "user", "content": "And now?"},
        ],
    },
    "sampling": {"temperature": 0.5, "top_p": 0.9, "max_output_tokens": 64},
    "tools": {"tools": [WEATHER, TIME]},
    "tool choice auto": {"tools": [WEATHER], "tool_choice": "auto"},
    "tool choice none": {"tools": [WEATHER], "tool_choice": "none"},
    "tool choice required": {"tools": [WEATHER], "tool_choice": "required"},
    "tool choice by name": {"tools": [WEATHER, TIME], "tool_choice": {"type": "function", "name": "time"}},
    "one tool at a time": {"tools": [WEATHER, TIME], "parallel_tool_calls": False},
    "results of parallel tools": {
        "tools": [WEATHER, TIME],
        "input": [
            HELLO,
            {"type": "message", "role": "assistant", "content": "I look."},
            *(
                {"type": "function_call", "call_id": call, "name": name, "arguments": '{"city":"Zürich"}'}
                for call, name in (("call_1", "weather"), ("call_2", "time"))
            ),
            {"type": "function_call_output", "call_id": "call_1", "output": "12 °C"},
            {"type": "function_call_output", "call_id": "call_2", "output": "no such clock"},
        ],
    },
    "image as bytes": _with({"type": "input_image", "detail": "auto", "image_url": _data("image/png", PNG)}),
    "image by address": _with(
        {"type": "input_image", "detail": "auto", "image_url": "https://pictures.example/red.png"}
    ),
    "file as bytes": _with(
        {"type": "input_file", "filename": "report.pdf", "file_data": _data("application/pdf", PDF)},
        "Sum up.",
    ),
    "JSON output": {
        "text": {"format": {"type": "json_schema", "name": "place", "schema": CITY, "strict": True}}
    },
    "reasoning effort": {"reasoning": {"effort": "low"}, "max_output_tokens": 4096},
    "passages": {
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "[1] weather.txt\nIt rains."},
                    {"type": "input_text", "text": "Does it rain?"},
                ],
            }
        ]
    },
}
REFUSED = {"stop": "has no stop", "seed": "has no seed"}
ANSWERS = {
    "text": wire.response(wire.message("Grüß Gott ", "👋")),
    "reasoning": wire.response(wire.reasoning("They", " greet. 🤔"), wire.message("Hello.")),
    "open reasoning": wire.response(
        {**wire.reasoning(secret=None), "content": [{"type": "reasoning_text", "text": "Hm."}]},
        wire.message("Hello."),
    ),
    "parallel tools": wire.response(
        wire.reasoning(),
        wire.message("I look."),
        wire.call("call_1", "weather", '{"city":"Zürich"}'),
        wire.call("call_2", "time", "{}"),
    ),
    "refusal": wire.response(wire.message(refusal="I cannot help with that.")),
    "cut off": wire.response(
        wire.message("Once upon"), status="incomplete", incomplete_details={"reason": "max_output_tokens"}
    ),
}


def _codec() -> Any:
    return OpenAIResponsesProvider(api_key=KEY, base_url="http://127.0.0.1:9/v1").chat(MODEL)


def _ours(request: ChatRequest, *, stream: bool = False) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(_codec().encode(request, stream=stream).body)
    return body


def _sdk(url: str) -> OpenAI:
    return OpenAI(api_key=KEY, base_url=f"{url}/v1", max_retries=0)


def _created(url: str, **fields: Any) -> Response:
    with _sdk(url) as client:
        found: Response = client.responses.create(**fields)
        return found


def test_every_request_is_compared_or_refused() -> None:
    assert ASKED.keys() | REFUSED.keys() == REQUESTS.keys()


@pytest.mark.parametrize("name", ASKED)
def test_the_codec_sends_what_the_sdk_sends(name: str) -> None:
    reply = Reply.json(ANSWERS["text"])
    theirs = sent(reply, lambda url: _created(url, **{**ALWAYS, **ASKED[name]}))
    ours = _codec().encode(REQUESTS[name], stream=False)
    assert meaning(json.loads(ours.body)) == meaning(theirs.json())
    assert theirs.path.endswith("/v1/responses")
    assert ours.url.endswith("/v1/responses")
    assert ours.headers["authorization"] == theirs.headers["authorization"]
    assert ours.headers["accept"] == theirs.headers["accept"]


def test_a_stream_is_asked_for_as_the_sdk_asks() -> None:
    def ask(url: str) -> None:
        with _sdk(url) as client, client.responses.create(**ALWAYS, stream=True) as events:
            list(events)

    theirs = sent(Reply.stream(wire.sse(wire.events(ANSWERS["text"]))), ask)
    assert meaning(_ours(REQUESTS["text"], stream=True)) == meaning(theirs.json())


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_api_cannot_express_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match=REFUSED[name]):
        _ours(REQUESTS[name])


@pytest.mark.parametrize("name", ASKED)
def test_the_types_of_the_sdk_take_what_the_codec_sends(name: str) -> None:
    assert misfits(ResponseCreateParamsNonStreaming, _ours(REQUESTS[name])) == []
    assert misfits(ResponseCreateParamsStreaming, _ours(REQUESTS[name], stream=True)) == []


def test_the_types_of_the_sdk_see_a_fault() -> None:
    assert misfits(ResponseCreateParamsNonStreaming, {**_ours(REQUESTS["text"]), "stop": ["x"]})


@pytest.mark.parametrize("name", ANSWERS)
def test_what_an_answer_holds_can_be_sent_back(name: str) -> None:
    said = _read_whole(ANSWERS[name]).message
    body = _ours(ChatRequest((Message("user", "Hi"), said, Message("user", "Go on."))))
    assert misfits(ResponseCreateParamsNonStreaming, body) == []
    given = [item for item in ANSWERS[name]["output"] if item["type"] == "reasoning"]
    back = [item for item in body["input"] if item.get("type") == "reasoning"]
    assert meaning(back) == meaning(given)


@pytest.mark.parametrize("name", ANSWERS)
def test_the_sdk_takes_the_scripted_answers_for_real_and_reads_the_same(name: str) -> None:
    whole = ANSWERS[name]
    Response.model_validate(whole, strict=True)
    events: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
    for event in wire.events(whole):
        events.validate_python(event)
    _same(_read_whole(whole), _sdk_whole(whole))
    _same(_read_stream(whole), _sdk_stream(whole))
    assert _read_stream(whole) == _read_whole(whole)


def _same(ours: ChatResponse, theirs: Response) -> None:
    refusals = [
        part.refusal
        for item in theirs.output
        if item.type == "message"
        for part in item.content
        if part.type == "refusal"
    ]
    assert ours.text == theirs.output_text + "".join(refusals)
    assert (ours.finish_reason == "refusal") == bool(refusals)
    assert (ours.finish_reason == "length") == (theirs.status == "incomplete")
    assert [(call.id, call.name, call.arguments) for call in ours.tool_calls] == [
        (item.call_id, item.name, item.arguments) for item in theirs.output if item.type == "function_call"
    ]
    thoughts = [part for part in ours.message.content if isinstance(part, ReasoningPart)]
    assert "".join(part.text for part in thoughts) == "".join(
        text.text
        for item in theirs.output
        if item.type == "reasoning"
        for text in (*item.summary, *(item.content or ()))
    )
    assert theirs.usage is not None
    assert (ours.usage.input_tokens, ours.usage.output_tokens, ours.usage.total_tokens) == (
        theirs.usage.input_tokens,
        theirs.usage.output_tokens,
        theirs.usage.total_tokens,
    )
    assert ours.usage.cached_tokens == theirs.usage.input_tokens_details.cached_tokens
    assert ours.usage.reasoning_tokens == theirs.usage.output_tokens_details.reasoning_tokens
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


def _sdk_whole(whole: dict[str, Any]) -> Response:
    found: list[Response] = []
    sent(Reply.json(whole), lambda url: found.append(_created(url, model=MODEL, input="Hi")))
    return found[0]


def _sdk_stream(whole: dict[str, Any]) -> Response:
    found: list[Response] = []

    def ask(url: str) -> None:
        with _sdk(url) as client, client.responses.stream(model=MODEL, input="Hi") as stream:
            for event in stream:
                if event.type == "response.completed" or event.type == "response.incomplete":
                    found.append(event.response)

    sent(Reply.stream(wire.sse(wire.events(whole))), ask)
    return found[0]


def test_a_conversation_with_reasoning_goes_back_as_the_sdk_would_send_it() -> None:
    """The SDK's users send back the items of the answer; without what only says how they came."""
    output = ANSWERS["parallel tools"]["output"]
    back = [
        {name: value for name, value in item.items() if name not in ("id", "status") or item is output[0]}
        for item in output
    ]
    back[1] = {"type": "message", "role": "assistant", "content": "I look."}
    result = {"type": "function_call_output", "call_id": "call_1", "output": "12 °C"}
    asked = {**ALWAYS, "input": [HELLO, *back, result]}
    theirs = sent(Reply.json(ANSWERS["text"]), lambda url: _created(url, **asked))
    said = _read_whole(ANSWERS["parallel tools"]).message
    turns = (Message("user", HELLO["content"]), said, Message("tool", "12 °C", tool_call_id="call_1"))
    assert meaning(_ours(ChatRequest(turns))) == meaning(theirs.json())
