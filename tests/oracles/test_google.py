"""Google's SDK as oracle of the Gemini codec: what it sends, what its types allow, how it reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from google import genai
from google.genai import types
from graphbit_google import GoogleEmbedder, GoogleProvider

from graphbit_core import (
    ChatRequest,
    FilePart,
    Frame,
    GraphBitError,
    HttpResponse,
    ImagePart,
    Message,
    PassagePart,
    TextPart,
    ValidationError,
)
from graphbit_core.testing import Reply
from graphbit_core.testing.replies import sse
from tests.oracles.compare import meaning, sent
from tests.oracles.requests import REQUESTS

pytestmark = pytest.mark.integration

MODEL = "gemini-2.5-flash"
REPLY = {"candidates": [{"content": {"role": "model", "parts": [{"text": "x"}]}, "finishReason": "STOP"}]}
REFUSED = {"one tool at a time"}
"""What this API cannot express."""
_SNAKE = re.compile(r"_([a-z])")
_FREE = frozenset({"args", "response", "responseJsonSchema", "parametersJsonSchema"})
"""Fields whose values are other people's JSON."""


def camel(value: Any) -> Any:
    """The API takes ``file_uri`` for ``fileUri`` and both alphabets of base64; the SDK writes either."""
    if isinstance(value, list):
        return [camel(part) for part in value]
    if not isinstance(value, dict):
        return value
    named = {_SNAKE.sub(lambda found: found[1].upper(), name): part for name, part in value.items()}
    if isinstance(data := named.get("data"), str):
        named["data"] = data.replace("-", "+").replace("_", "/")
    return {name: part if name in _FREE else camel(part) for name, part in named.items()}


# --- the same request through the SDK ---


def _part(part: Any) -> types.Part:
    if isinstance(part, ImagePart) and part.url:
        return types.Part.from_uri(file_uri=part.url)
    if isinstance(part, ImagePart | FilePart):
        return types.Part.from_bytes(data=part.data or b"", mime_type=part.media_type or "")
    return types.Part.from_text(text=part.as_text() if isinstance(part, PassagePart) else part.text)


def _content(message: Message, names: dict[str, str]) -> types.Content:
    if message.role == "tool":
        answer = {"error" if message.is_error else "output": message.text}
        response = types.FunctionResponse(
            id=message.tool_call_id, name=names[message.tool_call_id or ""], response=answer
        )
        return types.Content(role="user", parts=[types.Part(function_response=response)])
    content = message.content if not isinstance(message.content, str) else (TextPart(message.content),)
    parts = [_part(part) for part in content]
    for call in message.tool_calls:
        names[call.id] = call.name
        function = types.FunctionCall(id=call.id, name=call.name, args=json.loads(call.arguments))
        parts.append(types.Part(function_call=function))
    return types.Content(role="model" if message.role == "assistant" else "user", parts=parts)


def _contents(request: ChatRequest) -> list[types.Content]:
    """As an application of the SDK writes a conversation: results of one turn in one content."""
    names: dict[str, str] = {}
    contents: list[types.Content] = []
    before = ""
    for message in request.messages:
        if message.role == "system":
            continue
        content = _content(message, names)
        if message.role == before == "tool":
            contents[-1].parts = [*(contents[-1].parts or []), *(content.parts or [])]
        else:
            contents.append(content)
        before = message.role
    return contents


def _config(request: ChatRequest) -> types.GenerateContentConfig:
    system = [message.text for message in request.messages if message.role == "system"]
    functions = [
        types.FunctionDeclaration(name=t.name, description=t.description, parameters_json_schema=t.parameters)
        for t in request.tools
    ]
    budgets = {"low": 1024}
    effort = request.reasoning_effort
    return types.GenerateContentConfig(
        system_instruction=system[0] if system else None,
        temperature=request.temperature,
        top_p=request.top_p,
        max_output_tokens=request.max_tokens,
        stop_sequences=list(request.stop) or None,
        seed=request.seed,
        tools=[types.Tool(function_declarations=functions)] if functions else None,
        tool_config=_tool_config(request.tool_choice),
        response_mime_type="application/json" if request.output else None,
        response_json_schema=request.output.schema if request.output else None,
        thinking_config=types.ThinkingConfig(thinking_budget=budgets[effort]) if effort else None,
    )


def _tool_config(choice: str | None) -> types.ToolConfig | None:
    if choice is None:
        return None
    modes = {"auto": "AUTO", "none": "NONE", "required": "ANY"}
    names = None if choice in modes else [choice]
    calling = types.FunctionCallingConfig(
        mode=types.FunctionCallingConfigMode(modes.get(choice, "ANY")), allowed_function_names=names
    )
    return types.ToolConfig(function_calling_config=calling)


def _same(theirs: Any, ours: Any, url: str) -> None:
    assert ours.url.endswith(re.sub(r"^/script-[0-9]+", "", theirs.path)), url
    assert ours.headers["x-goog-api-key"] == theirs.headers["x-goog-api-key"] == "a-key"
    wanted = camel(theirs.json())
    wanted.get("systemInstruction", {}).pop("role", None)  # says nothing: it is always the application's
    if not wanted.get("generationConfig"):
        wanted.pop("generationConfig", None)
    assert meaning(json.loads(ours.body)) == meaning(wanted)


@dataclass(frozen=True)
class Sdk:
    """The SDK, for one version of the API."""

    version: str
    client: genai.Client

    def generate(self, url: str, request: ChatRequest) -> types.GenerateContentResponse:
        return self.client.models.generate_content(**self._told(url, request))

    def stream(self, url: str, request: ChatRequest) -> list[types.GenerateContentResponse]:
        return list(self.client.models.generate_content_stream(**self._told(url, request)))

    def _told(self, url: str, request: ChatRequest) -> dict[str, Any]:
        config = _config(request)
        config.http_options = types.HttpOptions(base_url=url)
        return {"model": MODEL, "contents": _contents(request), "config": config}


@pytest.fixture(params=["v1", "v1beta"], scope="module")
def sdk(request: pytest.FixtureRequest) -> Iterator[Sdk]:
    """Clients for both versions of the API; the SDK calls v1beta ``beta``."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI"):
            patch.delenv(name, raising=False)
        if request.param == "v1":
            patch.delenv("GOOGLE_GENAI_API_VERSION", raising=False)
        else:
            patch.setenv("GOOGLE_GENAI_API_VERSION", "beta")
        with genai.Client(api_key="a-key") as client:
            yield Sdk(request.param, client)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("case", sorted(REQUESTS.keys() - REFUSED))
def test_the_sdk_sends_the_same(case: str, stream: bool, sdk: Sdk) -> None:
    request = REQUESTS[case]
    reply, ask = (Reply.stream(sse([REPLY])), sdk.stream) if stream else (Reply.json(REPLY), sdk.generate)
    theirs = sent(reply, lambda url: ask(url, request))
    codec = GoogleProvider(api_key="a-key", api_version=sdk.version).chat(MODEL)
    _same(theirs, codec.encode(request, stream=stream), case)


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_what_the_api_cannot_express_is_refused(case: str) -> None:
    with pytest.raises(ValidationError):
        GoogleProvider(api_key="a-key").chat(MODEL).encode(REQUESTS[case], stream=False)


def test_the_sdk_embeds_the_same(sdk: Sdk) -> None:
    def ask(url: str) -> Any:
        config = types.EmbedContentConfig(
            output_dimensionality=2, task_type="RETRIEVAL_QUERY", http_options=types.HttpOptions(base_url=url)
        )
        texts: Any = ["a", "Zürich"]
        return sdk.client.models.embed_content(model="gemini-embedding-001", contents=texts, config=config)

    theirs = sent(Reply.json({"embeddings": [{"values": [1, 2]}, {"values": [3, 4]}]}), ask)
    embedder = GoogleEmbedder(
        api_key="a-key", api_version=sdk.version, dimensions=2, task_type="RETRIEVAL_QUERY"
    )
    ours = embedder.codec().encode(["a", "Zürich"])
    wanted = camel(theirs.json())
    for one in wanted["requests"]:
        assert one["content"].pop("role") == "user"
    assert json.loads(ours.body) == wanted
    assert ours.url.endswith(re.sub(r"^/script-[0-9]+", "", theirs.path))


# --- the types of the SDK, which forbid unknown fields ---


@pytest.mark.parametrize("model", [MODEL, "gemini-3.8-flash"])
@pytest.mark.parametrize("case", sorted(REQUESTS.keys() - REFUSED))
def test_the_types_of_the_sdk_take_what_is_written(case: str, model: str) -> None:
    codec = GoogleProvider(api_key="k", include_thoughts=True).chat(model)
    body = json.loads(codec.encode(REQUESTS[case], stream=False).body)
    for content in body.pop("contents"):
        types.Content.model_validate(content)
    types.Content.model_validate(body.pop("systemInstruction", {}))
    types.ToolConfig.model_validate(body.pop("toolConfig", {}))
    for tool in body.pop("tools", []):
        types.Tool.model_validate(tool)
    types.GenerateContentConfig.model_validate(body.pop("generationConfig", {}))
    assert not body


# --- replies that both read ---

COUNTS = {
    "promptTokenCount": 11,
    "candidatesTokenCount": 5,
    "thoughtsTokenCount": 2,
    "cachedContentTokenCount": 3,
    "totalTokenCount": 18,
}
ANSWERS: dict[str, tuple[list[dict[str, Any]], str, str]] = {
    "text": ([{"text": "Grüß "}, {"text": "Gott"}], "STOP", "stop"),
    "cut": ([{"text": "Grüß"}], "MAX_TOKENS", "length"),
    "blocked": ([{"text": "Grüß"}], "SAFETY", "content_filter"),
    "thoughts": (
        [
            {"text": "hm", "thought": True, "thoughtSignature": "c2ln"},
            {"text": "Grüß", "thoughtSignature": "c2ln"},
        ],
        "STOP",
        "stop",
    ),
    "calls": (
        [
            {"text": "I look."},
            {
                "functionCall": {"id": "c", "name": "weather", "args": {"city": "Zürich"}},
                "thoughtSignature": "c2ln",
            },
            {"functionCall": {"name": "time", "args": {}}},
        ],
        "STOP",
        "tool_calls",
    ),
}


def _agree(theirs: types.GenerateContentResponse, ours: Any, finish: str, reason: str) -> None:
    assert theirs.candidates
    assert theirs.candidates[0].finish_reason == finish
    assert ours.finish_reason == reason
    counts = theirs.usage_metadata
    assert counts is not None
    assert ours.usage.input_tokens == counts.prompt_token_count
    assert ours.usage.total_tokens == counts.total_token_count
    assert ours.usage.cached_tokens == counts.cached_content_token_count
    assert ours.usage.reasoning_tokens == counts.thoughts_token_count


def _read(chunks: list[types.GenerateContentResponse]) -> tuple[str, list[tuple[Any, Any]]]:
    parts = [part for chunk in chunks for part in (chunk.parts or [])]
    text = "".join(part.text for part in parts if part.text and not part.thought)
    return text, [(p.function_call.name, p.function_call.args or {}) for p in parts if p.function_call]


@pytest.mark.parametrize("case", ANSWERS)
def test_a_whole_reply_reads_the_same(case: str, sdk: Sdk) -> None:
    parts, finish, reason = ANSWERS[case]
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": finish, "index": 0}
    body = {"candidates": [candidate], "usageMetadata": COUNTS, "modelVersion": MODEL, "responseId": "r"}
    replies: list[types.GenerateContentResponse] = []
    sent(Reply.json(body), lambda url: replies.append(sdk.generate(url, REQUESTS["text"])))
    codec = GoogleProvider(api_key="k", api_version=sdk.version).chat(MODEL)
    ours = codec.decode(HttpResponse(200, {}, json.dumps(body).encode()))
    _agree(replies[0], ours, finish, reason)
    calls = [(call.name, json.loads(call.arguments)) for call in ours.tool_calls]
    assert (ours.text, calls) == _read(replies)
    assert (ours.model, ours.id) == (replies[0].model_version, replies[0].response_id)


@pytest.mark.parametrize("case", ANSWERS)
def test_a_streamed_reply_reads_the_same(case: str, sdk: Sdk) -> None:
    parts, finish, reason = ANSWERS[case]
    chunks: list[dict[str, Any]] = [
        {"candidates": [{"content": {"role": "model", "parts": [part]}, "index": 0}]} for part in parts
    ]
    chunks[-1]["candidates"][0]["finishReason"] = finish
    chunks[-1]["usageMetadata"] = COUNTS
    theirs: list[types.GenerateContentResponse] = []
    sent(Reply.stream(sse(chunks)), lambda url: theirs.extend(sdk.stream(url, REQUESTS["text"])))
    decoder = GoogleProvider(api_key="k").chat(MODEL).decoder()
    for chunk in chunks:
        decoder.feed(Frame(json.dumps(chunk)))
    ours = decoder.finish()
    _agree(theirs[-1], ours, finish, reason)
    calls = [(call.name, json.loads(call.arguments)) for call in ours.tool_calls]
    assert (ours.text, calls) == _read(theirs)


def test_every_finish_reason_of_the_sdk_is_read() -> None:
    codec = GoogleProvider(api_key="k").chat(MODEL)
    raised = set()
    for reason in types.FinishReason:
        candidate = {"content": {"parts": [{"text": "x"}]}, "finishReason": reason.value}
        try:
            codec.decode(HttpResponse(200, {}, json.dumps({"candidates": [candidate]}).encode()))
        except GraphBitError as error:
            raised.add((reason.value, type(error).__name__))
    assert raised == {
        ("MALFORMED_FUNCTION_CALL", "DecodeError"),
        ("MALFORMED_RESPONSE", "DecodeError"),
        ("UNEXPECTED_TOOL_CALL", "DecodeError"),
        ("MISSING_THOUGHT_SIGNATURE", "BadRequestError"),
    }
