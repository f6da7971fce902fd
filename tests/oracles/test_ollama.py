"""Our codecs of Ollama's API beside its SDK: what both send, and what both read."""

from __future__ import annotations

import json
from typing import Any

import ollama_wire as wire
import pytest
from graphbit_ollama import OllamaEmbedder, OllamaProvider
from ollama import ChatResponse as SdkResponse, Client, EmbedResponse, ResponseError
from ollama._client import _parse_host
from ollama._types import ChatRequest as SdkRequest, EmbedRequest, Tool

from graphbit_core import (
    ChatRequest,
    ChatResponse,
    Frame,
    HttpResponse,
    Message,
    ProviderError,
    ReasoningPart,
    ValidationError,
)
from graphbit_core.testing import Reply
from tests.oracles.compare import meaning, misfits, sent
from tests.oracles.requests import CITY, PNG, REQUESTS

pytestmark = pytest.mark.integration
KEY = "ollama-oracle-1234567"
MODEL = "llama3.2"
HELLO = {"role": "user", "content": "Grüß Gott 👋"}
WEATHER, TIME = (
    {
        "type": "function",
        "function": {"name": name, "description": f"The {name} in a city.", "parameters": CITY},
    }
    for name in ("weather", "time")
)
ALWAYS: dict[str, Any] = {"model": MODEL, "messages": [HELLO]}
ASKED: dict[str, dict[str, Any]] = {
    "text": {},
    "system and turns": {
        "messages": [
            {"role": "system", "content": "Be brief."},
            HELLO,
            {"role": "assistant", "content": "Hello."},
            {"role": "user", "content": "And now?"},
        ]
    },
    "sampling": {"options": {"temperature": 0.5, "top_p": 0.9, "num_predict": 64}},
    "stop": {"options": {"stop": ["END", "STOP"]}},
    "seed": {"options": {"seed": 7}},
    "tools": {"tools": [WEATHER, TIME]},
    "tool choice auto": {"tools": [WEATHER]},
    "tool choice none": {},
    "results of parallel tools": {
        "tools": [WEATHER, TIME],
        "messages": [
            HELLO,
            {
                "role": "assistant",
                "content": "I look.",
                "tool_calls": [wire.call(name, {"city": "Zürich"}) for name in ("weather", "time")],
            },
            {"role": "tool", "content": "12 °C", "tool_name": "weather"},
            {"role": "tool", "content": "no such clock", "tool_name": "time"},
        ],
    },
    "image as bytes": {"messages": [{"role": "user", "content": "What is it?", "images": [PNG]}]},
    "JSON output": {"format": CITY},
    "reasoning effort": {"think": "low", "options": {"num_predict": 4096}},
    "passages": {"messages": [{"role": "user", "content": "[1] weather.txt\nIt rains.\n\nDoes it rain?"}]},
}
REFUSED = {
    "tool choice required": "no choice of tools",
    "tool choice by name": "no choice of tools",
    "one tool at a time": "one tool at a time",
    "image by address": "fetches no images",
    "file as bytes": "not a FilePart",
}
ANSWERS = {
    "text": wire.reply("Grüß Gott 👋"),
    "nothing": wire.reply(),
    "thoughts": wire.reply("Hello.", thinking="They greet. 🤔"),
    "parallel tools": wire.reply(
        "I look.",
        calls=(wire.call("weather", {"city": "Zürich", "days": [1, 2.5, None]}), wire.call("time", {})),
    ),
    "cut off": wire.reply("Once upon", reason="length"),
}


def _codec(**settings: Any) -> Any:
    return OllamaProvider(api_key=KEY, base_url="http://127.0.0.1:9", **settings).chat(MODEL)


def _ours(name: str, *, stream: bool = False) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(_codec().encode(REQUESTS[name], stream=stream).body)
    return body


def _client(url: str) -> Client:
    return Client(host=url, headers={"authorization": f"Bearer {KEY}"})


def _as_the_sdk_has_it(body: dict[str, Any]) -> dict[str, Any]:
    """The SDK leaves out what its types of a tool's schema do not name, such as additionalProperties."""
    tools = [Tool(**tool).model_dump(exclude_none=True) for tool in body.get("tools", ())]
    return {**body, "tools": tools}


def test_every_request_is_compared_or_refused() -> None:
    assert ASKED.keys() | REFUSED.keys() == REQUESTS.keys()


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("stream", [False, True])
def test_the_codec_sends_what_the_sdk_sends(name: str, stream: bool) -> None:
    def ask(url: str) -> None:
        with _client(url) as client:
            answer = client.chat(**{**ALWAYS, **ASKED[name]}, stream=stream)
            assert list(answer) if stream else answer

    whole = ANSWERS["text"]
    theirs = sent(Reply.stream(wire.streamed(whole)) if stream else Reply.json(whole), ask)
    ours = _codec().encode(REQUESTS[name], stream=stream)
    expected = {"tools": [], **theirs.json()}
    assert meaning(_as_the_sdk_has_it(json.loads(ours.body))) == meaning(expected)
    assert theirs.path.endswith("/api/chat")
    assert ours.url.endswith("/api/chat")
    for header in ("authorization", "content-type"):
        assert ours.headers[header] == theirs.headers[header]


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_api_cannot_express_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match=REFUSED[name]):
        _ours(name)


@pytest.mark.parametrize("name", ASKED)
def test_the_types_of_the_sdk_take_what_the_codec_sends(name: str) -> None:
    body = _as_the_sdk_has_it(_ours(name))
    images = [image for message in body["messages"] for image in message.pop("images", ())]
    assert all(isinstance(image, str) for image in images)  # the SDK's type of them is of its own making
    assert misfits(SdkRequest, body) == []
    SdkRequest.model_validate(_ours(name))


def test_the_types_of_the_sdk_see_a_fault() -> None:
    assert misfits(SdkRequest, {**_ours("text"), "max_tokens": 5})


@pytest.mark.parametrize("name", ANSWERS)
def test_the_sdk_reads_the_scripted_answers_the_same(name: str) -> None:
    whole = ANSWERS[name]
    for line in (whole, *wire.lines(whole)):
        SdkResponse.model_validate(line)
    read: ChatResponse = _codec().decode(HttpResponse(200, body=json.dumps(whole).encode()))
    _same(read, *_sdk(Reply.json(whole), stream=False))
    decoder = _codec().decoder()
    for line in wire.lines(whole):
        decoder.feed(Frame(json.dumps(line)))
    _same(decoder.finish(), *_sdk(Reply.stream(wire.streamed(whole)), stream=True))
    assert decoder.finish().message == read.message


def test_what_an_answer_holds_can_be_sent_back() -> None:
    for whole in ANSWERS.values():
        said = _codec().decode(HttpResponse(200, body=json.dumps(whole).encode())).message
        body = json.loads(_codec().encode(ChatRequest((Message("user", "Hi"), said)), stream=False).body)
        assert misfits(SdkRequest, body) == []
        assert body["messages"][1] == whole["message"]


def test_an_error_inside_a_stream_is_an_error_to_both() -> None:
    told = [*wire.lines(ANSWERS["text"])[:2], {"error": "the runner has stopped"}]
    with pytest.raises(ResponseError) as theirs:
        _sdk(Reply.stream(wire.ndjson(told)), stream=True)
    decoder = _codec().decoder()
    with pytest.raises(ProviderError) as ours:
        for line in told:
            decoder.feed(Frame(json.dumps(line)))
    assert str(ours.value) == theirs.value.error == "the runner has stopped"


def test_a_missing_model_is_an_error_to_both_and_nothing_else_is_asked_for() -> None:
    gone = {"error": "model 'llama3.2' not found"}
    with pytest.raises(ResponseError) as theirs:
        _sdk(Reply.json(gone, 404), stream=False)
    ours = _codec().error(HttpResponse(404, body=json.dumps(gone).encode()))
    assert (ours.status, theirs.value.status_code) == (404, 404)
    assert theirs.value.error in str(ours)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "1.2.3.4",
        ":56789",
        "1.2.3.4:5",
        "http://1.2.3.4",
        "https://1.2.3.4:5",
        "a.example/",
        "a.example:5/path/",
        "[0001:002:003:0004::1]",
        "[0001:002:003:0004::1]:5",
        "https://[0001:002:003:0004::1]/path",
    ],
)
def test_an_address_means_what_it_means_to_the_sdk(host: str) -> None:
    provider = OllamaProvider(base_url=host, allow_insecure=True)
    asked = provider.chat(MODEL).encode(REQUESTS["text"], stream=False)
    assert asked.url == _parse_host(host) + "/api/chat"


@pytest.mark.parametrize("settings", [{}, {"dimensions": 2, "keep_alive": "5m"}])
def test_embeddings_are_asked_for_and_read_as_the_sdk_does(settings: dict[str, Any]) -> None:
    found: list[EmbedResponse] = []
    whole = {"model": "m", "embeddings": [[0.5, 1.0], [0.0, -0.25]], "prompt_eval_count": 5}

    def ask(url: str) -> None:
        with _client(url) as client:
            found.append(client.embed("m", ["a", "b"], truncate=False, **settings))

    theirs = sent(Reply.json(whole), ask)
    codec = OllamaEmbedder(model="m", api_key=KEY, **settings).codec()
    ours = codec.encode(["a", "b"])
    assert meaning(json.loads(ours.body)) == meaning(theirs.json())
    assert misfits(EmbedRequest, json.loads(ours.body)) == []
    assert ours.url.endswith("/api/embed")
    assert theirs.path.endswith("/api/embed")
    read = codec.decode(HttpResponse(200, body=json.dumps(whole).encode()))
    assert read.vectors == [list(vector) for vector in found[0].embeddings]
    assert read.usage.input_tokens == found[0].prompt_eval_count


def _same(ours: ChatResponse, said: dict[str, Any], last: SdkResponse) -> None:
    assert ours.text == said["content"]
    parts = ours.message.content if not isinstance(ours.message.content, str) else ()
    assert "".join(part.text for part in parts if isinstance(part, ReasoningPart)) == said["thinking"]
    assert [(call.name, json.loads(call.arguments)) for call in ours.tool_calls] == [
        (call.function.name, call.function.arguments) for call in said["calls"]
    ]
    assert (ours.usage.input_tokens, ours.usage.output_tokens) == (last.prompt_eval_count, last.eval_count)
    assert ours.finish_reason == ("tool_calls" if said["calls"] else last.done_reason)
    assert ours.model == last.model


def _sdk(reply: Reply, *, stream: bool) -> tuple[dict[str, Any], SdkResponse]:
    """What the SDK read, put together as an application does, and its last line."""
    found: list[SdkResponse] = []

    def ask(url: str) -> None:
        with _client(url) as client:
            answer = client.chat(**ALWAYS, stream=stream)
            found.extend(answer if stream else [answer])

    sent(reply, ask)
    messages = [line.message for line in found]
    said = {
        "content": "".join(message.content or "" for message in messages),
        "thinking": "".join(message.thinking or "" for message in messages),
        "calls": [call for message in messages for call in message.tool_calls or ()],
    }
    return said, found[-1]
