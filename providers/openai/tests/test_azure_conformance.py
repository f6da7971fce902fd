from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
import responses_wire as wire
from graphbit_openai import AzureOpenAIEmbedder, AzureOpenAIProvider, AzureOpenAIResponsesProvider

from graphbit_core import (
    BadRequestError,
    ChatResponse,
    FinishReason,
    GraphBitError,
    Message,
    ReasoningPart,
    TextPart,
    ToolCall,
    Usage,
)
from graphbit_core.testing import Canned, HttpEmbedderConformance, HttpProviderConformance
from graphbit_core.testing.replies import (
    chat_body,
    chat_chunk,
    chat_events,
    embeddings_body,
    error_body,
    sse,
    tool_call,
    tool_call_events,
)

USAGE = Usage(11, 7, cached_tokens=3, reasoning_tokens=2)
CALLS = (ToolCall("call-1", "weather", '{"city":"Zürich"}'), ToolCall("call-2", "time", "{}"))
WROTE = [tool_call(call.id, call.name, call.arguments) for call in CALLS]
SAFE = {name: {"filtered": False, "severity": "safe"} for name in ("hate", "violence")}
FIRST = {
    **chat_chunk({}),
    "choices": [],
    "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": SAFE}],
}
"""What a stream begins with: the verdict on the prompt, and no choice."""


@pytest.fixture(autouse=True)
def _resource(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://lake.openai.azure.com")


class TestAzureOpenAIProvider(HttpProviderConformance):
    component = AzureOpenAIProvider
    embedder = AzureOpenAIEmbedder
    key_env = "AZURE_OPENAI_API_KEY"
    text = Canned(
        chat_body("Grüß Gott 👋"),
        sse([FIRST, *chat_events(("Grüß", " Gott ", "👋"))]),
        ChatResponse(Message("assistant", "Grüß Gott 👋"), "stop", USAGE),
    )
    tools = Canned(
        chat_body(None, tool_calls=WROTE),
        sse([FIRST, *tool_call_events(WROTE)]),
        ChatResponse(Message("assistant", "", tool_calls=CALLS), "tool_calls", USAGE),
    )
    endings: ClassVar[dict[FinishReason, Any]] = {
        "length": chat_body("x", finish="length"),
        "content_filter": chat_body("x", finish="content_filter"),
        "other": chat_body("x", finish="something new"),
    }
    stream_error = sse([FIRST, chat_chunk({"content": "Hel"}), error_body("x", kind="server_error")])
    other_errors: ClassVar[dict[bytes, type[GraphBitError]]] = {
        json.dumps(error_body("bad", kind="invalid_request_error")).encode(): BadRequestError
    }

    def error_body(self, message: str) -> Any:
        return error_body(message)


class TestAzureOpenAIEmbedder(HttpEmbedderConformance):
    component = AzureOpenAIEmbedder
    key_env = "AZURE_OPENAI_API_KEY"
    other_settings = ({"model": "another-deployment"}, {"dimensions": 256})

    def vectors_body(self, vectors: Sequence[Sequence[float]]) -> Any:
        return embeddings_body(vectors)

    def error_body(self, message: str) -> Any:
        return error_body(message)


def _canned(message: Message, finish: Any, *items: dict[str, Any]) -> Canned:
    full = wire.response(*items)
    whole = {name: full[name] for name in ("id", "status", "model", "output", "usage")}
    return Canned(whole, wire.sse(wire.events(whole)), ChatResponse(message, finish, USAGE))


class TestAzureOpenAIResponsesProvider(HttpProviderConformance):
    component = AzureOpenAIResponsesProvider
    key_env = "AZURE_OPENAI_API_KEY"
    text = _canned(Message("assistant", "Grüß 👋"), "stop", wire.message("Grüß 👋"))
    tools = _canned(
        Message("assistant", "", tool_calls=CALLS),
        "tool_calls",
        *(wire.call(call.id, call.name, call.arguments) for call in CALLS),
    )
    reasoning = _canned(
        Message("assistant", (ReasoningPart("Hm.", "gAAA", "openai-responses", "rs_1"), TextPart("Hi"))),
        "stop",
        wire.reasoning("Hm."),
        wire.message("Hi"),
    )
    endings = wire.ENDINGS
    stream_error = wire.sse([{"type": "error", "code": "server_error", "message": "x", "param": None}])

    def error_body(self, message: str) -> Any:
        return error_body(message)
