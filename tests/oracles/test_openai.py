"""OpenAI's own SDK as the measure of the chat completions and embeddings codecs."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from graphbit_openai import OpenAIEmbedder, OpenAIProvider
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types import CreateEmbeddingResponse, EmbeddingCreateParams
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.chat.completion_create_params import (
    CompletionCreateParamsNonStreaming,
    CompletionCreateParamsStreaming,
)
from pydantic import TypeAdapter

from graphbit_core import ChatResponse, EmbeddingClient, LlmClient, ProviderError
from graphbit_core.kernel import Schema
from graphbit_core.testing import Reply
from graphbit_core.testing.model_server import ModelServer, Received
from graphbit_core.testing.replies import (
    chat_body,
    chat_chunk,
    chat_events,
    error_body,
    sse,
    tool_call,
    tool_call_events,
)
from tests.oracles.compare import meaning, sent
from tests.oracles.requests import CITY, PDF, PNG, REQUESTS

pytestmark = pytest.mark.integration

KEY, MODEL = "sk-oracle-1234567", "gpt-5.6-luna"
HELLO: Any = {"role": "user", "content": "Grüß Gott 👋"}


def _function(name: str) -> dict[str, Any]:
    about = {"weather": "The weather in a city.", "time": "The time in a city."}
    return {"type": "function", "function": {"name": name, "description": about[name], "parameters": CITY}}


def _asked(name: str, arguments: str, call_id: str) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def _user(*parts: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(parts)}]


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _url(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


TOOLS = [_function("weather"), _function("time")]
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
    "sampling": {"temperature": 0.5, "top_p": 0.9, "max_completion_tokens": 64},
    "stop": {"stop": ["END", "STOP"]},
    "seed": {"seed": 7},
    "tools": {"tools": TOOLS},
    "tool choice auto": {"tools": TOOLS[:1], "tool_choice": "auto"},
    "tool choice none": {"tools": TOOLS[:1], "tool_choice": "none"},
    "tool choice required": {"tools": TOOLS[:1], "tool_choice": "required"},
    "tool choice by name": {
        "tools": TOOLS,
        "tool_choice": {"type": "function", "function": {"name": "time"}},
    },
    "one tool at a time": {"tools": TOOLS, "parallel_tool_calls": False},
    "results of parallel tools": {
        "tools": TOOLS,
        "messages": [
            HELLO,
            {
                "role": "assistant",
                "content": "I look.",
                "tool_calls": [
                    _asked("weather", '{"city": "Zürich"}', "call_1"),
                    _asked("time", '{"city": "Zürich"}', "call_2"),
                ],
            },
            {"role": "tool", "content": "12 °C", "tool_call_id": "call_1"},
            {"role": "tool", "content": "no such clock", "tool_call_id": "call_2"},
        ],
    },
    "image as bytes": {
        "messages": _user(
            _text("What is it?"), {"type": "image_url", "image_url": {"url": _url("image/png", PNG)}}
        )
    },
    "image by address": {
        "messages": _user(
            _text("What is it?"),
            {"type": "image_url", "image_url": {"url": "https://pictures.example/red.png"}},
        )
    },
    "file as bytes": {
        "messages": _user(
            _text("Sum up."),
            {"type": "file", "file": {"filename": "report.pdf", "file_data": _url("application/pdf", PDF)}},
        )
    },
    "JSON output": {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "place", "schema": CITY, "strict": True},
        }
    },
    "reasoning effort": {"reasoning_effort": "low", "max_completion_tokens": 4096},
    "passages": {"messages": _user(_text("[1] weather.txt\nIt rains."), _text("Does it rain?"))},
}
"""Each request of the table as a user of the SDK would ask it."""


def sdk(url: str, **settings: Any) -> Any:
    """The SDK's client; its types know every model by name, which is beside the point here."""
    return openai.OpenAI(api_key=KEY, base_url=url, max_retries=0, **settings)


def theirs(name: str, *, stream: bool) -> Received:
    more = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    asked = {"messages": [HELLO], **ASKED[name], **more}
    reply = Reply.stream(sse(chat_events())) if stream else Reply.json(chat_body())

    def ask(url: str) -> None:
        found = sdk(url).chat.completions.create(model=MODEL, **asked)
        if stream:
            list(found)

    return sent(reply, ask)


def ours(name: str, *, stream: bool) -> Received:
    reply = Reply.stream(sse(chat_events())) if stream else Reply.json(chat_body())
    on_delta = (lambda _: None) if stream else None
    return sent(
        reply,
        lambda url: LlmClient(f"openai:{MODEL}", api_key=KEY, base_url=url).respond(
            REQUESTS[name], on_delta=on_delta
        ),
    )


def path(request: Received) -> str:
    """Without the name of the script."""
    return "/" + request.path.split("/", 2)[2]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_means_what_the_sdk_says(name: str, stream: bool) -> None:
    mine, other = ours(name, stream=stream), theirs(name, stream=stream)
    assert meaning(mine.json()) == meaning(other.json())
    assert (mine.method, path(mine)) == (other.method, path(other))
    for header in ("authorization", "content-type"):
        assert mine.headers[header] == other.headers[header]


def test_organization_and_project_go_under_the_headers_of_the_sdk() -> None:
    account: dict[str, Any] = {"organization": "org-1", "project": "proj-1"}
    mine = sent(
        Reply.json(chat_body()),
        lambda url: LlmClient("openai", api_key=KEY, base_url=url, **account).complete("Hi"),
    )
    other = sent(
        Reply.json(chat_body()),
        lambda url: sdk(url, **account).chat.completions.create(model=MODEL, messages=[HELLO]),
    )
    for header in ("openai-organization", "openai-project"):
        assert mine.headers[header] == other.headers[header]


def strict(kind: Any) -> Schema:
    """The schema of a TypedDict, with unknown fields refused wherever fields are named."""

    def close(part: Any) -> Any:
        if isinstance(part, list):
            return [close(one) for one in part]
        if not isinstance(part, dict):
            return part
        closed = {name: close(value) for name, value in part.items()}
        if "properties" in part and part.get("type") == "object":
            closed["additionalProperties"] = False
        return closed

    return Schema(json.dumps(close(TypeAdapter(kind).json_schema())))


@pytest.fixture(scope="module")
def schemas() -> Iterator[dict[bool, Schema]]:
    yield {False: strict(CompletionCreateParamsNonStreaming), True: strict(CompletionCreateParamsStreaming)}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", REQUESTS)
def test_the_request_types_of_the_sdk_accept_ours(
    name: str, stream: bool, schemas: dict[bool, Schema]
) -> None:
    codec = OpenAIProvider(api_key=KEY).chat(MODEL)
    body = codec.encode(REQUESTS[name], stream=stream).body.decode()
    assert schemas[stream].check(body) == []
    spoiled = body[:-1] + ',"surprise":1}'
    assert schemas[stream].check(spoiled)


CALLS = [tool_call("call-1", "weather", {"city": "Zürich"}), tool_call("call-2", "time", {})]
ANSWERS: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "text": (chat_body("Grüß Gott 👋"), chat_events(("Grüß", " Gott ", "👋"))),
    "length": (chat_body("Hel", finish="length"), chat_events(("Hel",), finish="length")),
    "filtered": (chat_body("", finish="content_filter"), chat_events((), finish="content_filter")),
    "tool calls": (chat_body(None, tool_calls=CALLS, finish="tool_calls"), tool_call_events(CALLS)),
}


def same(answer: ChatResponse, completion: ChatCompletion) -> None:
    """We read what the SDK reads."""
    [choice] = completion.choices
    assert answer.text == (choice.message.content or "")
    assert answer.finish_reason == choice.finish_reason
    assert [(call.id, call.name, call.arguments) for call in answer.tool_calls] == [
        (call.id, call.function.name, call.function.arguments)
        for call in choice.message.tool_calls or ()
        if call.type == "function"
    ]
    usage = completion.usage
    assert usage is not None
    assert usage.prompt_tokens_details is not None
    assert usage.completion_tokens_details is not None
    assert (answer.model, answer.id) == (completion.model, completion.id)
    assert (
        answer.usage.input_tokens,
        answer.usage.output_tokens,
        answer.usage.cached_tokens,
        answer.usage.reasoning_tokens,
    ) == (
        usage.prompt_tokens,
        usage.completion_tokens,
        usage.prompt_tokens_details.cached_tokens,
        usage.completion_tokens_details.reasoning_tokens,
    )


@pytest.mark.parametrize("name", ANSWERS)
def test_a_reply_is_read_as_the_sdk_reads_it(name: str) -> None:
    body, events = ANSWERS[name]
    ChatCompletion.model_validate(body)
    for event in events[:-1]:
        ChatCompletionChunk.model_validate(event)
    with ModelServer() as server:
        url = server.script(Reply.json(body))
        streamed = server.script(Reply.stream(sse(events)))
        whole = sdk(url).chat.completions.create(model=MODEL, messages=[HELLO])
        same(LlmClient("openai", api_key=KEY, base_url=url).respond(REQUESTS["text"]), whole)
        mine = LlmClient("openai", api_key=KEY, base_url=streamed).respond(
            REQUESTS["text"], on_delta=lambda _: None
        )
        chunks = list(
            sdk(streamed).chat.completions.create(
                model=MODEL, messages=[HELLO], stream=True, stream_options={"include_usage": True}
            )
        )
        same(mine, put_together(chunks))


def put_together(chunks: list[ChatCompletionChunk]) -> ChatCompletion:
    """Chunks as the SDK's own accumulator joins them."""
    state = ChatCompletionStreamState()
    for chunk in chunks:
        state.handle_chunk(chunk)
    return ChatCompletion.model_validate(state.current_completion_snapshot.model_dump())


def test_a_refusal_is_what_the_sdk_reads_as_one() -> None:
    body = chat_body(None)
    body["choices"][0]["message"]["refusal"] = "I can't."
    completion = ChatCompletion.model_validate(body)
    events = [
        chat_chunk({"role": "assistant", "refusal": "I "}),
        chat_chunk({"refusal": "can't."}),
        chat_chunk({}, "stop"),
        "[DONE]",
    ]
    streamed = put_together([ChatCompletionChunk.model_validate(event) for event in events[:-1]])
    assert completion.choices[0].message.refusal == streamed.choices[0].message.refusal
    for reply, on_delta in ((Reply.json(body), None), (Reply.stream(sse(events)), lambda _: None)):
        with ModelServer() as server:
            client = LlmClient("openai", api_key=KEY, base_url=server.script(reply))
            answer = client.respond(REQUESTS["text"], on_delta=on_delta)
        assert (answer.text, answer.finish_reason) == (completion.choices[0].message.refusal, "refusal")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500, 503])
def test_an_error_says_what_the_sdk_reads_in_it(status: int) -> None:
    body = error_body("scripted", kind="invalid_request_error", code="some_code")
    with ModelServer() as server:
        url = server.script(Reply.json(body, status, {"x-request-id": "r-1"}))
        with pytest.raises(openai.APIStatusError) as other:
            sdk(url).chat.completions.create(model=MODEL, messages=[HELLO])
        with pytest.raises(ProviderError) as mine:
            LlmClient("openai", api_key=KEY, base_url=url, policy={"max_attempts": 1}).complete("Hi")
    assert (mine.value.status, mine.value.code) == (other.value.status_code, other.value.code)
    assert mine.value.request_id == other.value.request_id
    assert "scripted" in str(mine.value)
    assert "scripted" in str(other.value)


VECTORS = [[1.0, -0.5, 2.0**-20], [0.25, 1.0, 0.0]]


def embeddings(encoding: str) -> dict[str, Any]:
    def written(vector: list[float]) -> Any:
        if encoding == "float":
            return vector
        return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()

    rows = [
        {"object": "embedding", "index": index, "embedding": written(vector)}
        for index, vector in enumerate(VECTORS)
    ]
    usage = {"prompt_tokens": 5, "total_tokens": 5}
    return {"object": "list", "data": rows[::-1], "model": "m", "usage": usage}


@pytest.mark.parametrize("encoding", ["base64", "float"])
@pytest.mark.parametrize("dimensions", [None, 3])
def test_embeddings_are_asked_for_and_read_as_by_the_sdk(encoding: str, dimensions: int | None) -> None:
    reply = Reply.json(embeddings(encoding))
    asked: dict[str, Any] = {} if dimensions is None else {"dimensions": dimensions}
    their_encoding: dict[str, Any] = {} if encoding == "base64" else {"encoding_format": "float"}
    read: list[Any] = []

    def ask(url: str) -> None:
        read.append(
            sdk(url).embeddings.create(
                model="text-embedding-3-small", input=["one", "two"], **asked, **their_encoding
            )
        )

    def ask_ours(url: str) -> None:
        client = EmbeddingClient(
            "openai:text-embedding-3-small", api_key=KEY, base_url=url, encoding=encoding, **asked
        )
        read.append(client.embed(["one", "two"]))

    other, mine = sent(reply, ask), sent(reply, ask_ours)
    assert meaning(mine.json()) == meaning(other.json())
    assert path(mine) == path(other)
    response: CreateEmbeddingResponse = read[0]
    assert read[1] == VECTORS
    assert [list(row.embedding) for row in sorted(response.data, key=lambda row: row.index)] == VECTORS
    schema = strict(EmbeddingCreateParams)
    codec = OpenAIEmbedder(api_key=KEY, encoding=encoding, **asked).codec()  # type: ignore[arg-type]
    assert schema.check(codec.encode(["one"]).body.decode()) == []
