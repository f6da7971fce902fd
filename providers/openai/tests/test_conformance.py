from __future__ import annotations

import json
from array import array
from base64 import b64encode
from collections.abc import Sequence
from typing import Any, ClassVar

from graphbit_openai import OpenAIEmbedder, OpenAIProvider

from graphbit_core import (
    BadRequestError,
    ChatResponse,
    FinishReason,
    GraphBitError,
    Message,
    ProviderError,
    RateLimitError,
    ToolCall,
    Usage,
)
from graphbit_core.testing import Canned, HttpEmbedderConformance, HttpProviderConformance
from graphbit_core.testing.replies import chat_body, chat_chunk, chat_events, embeddings_body, error_body, sse

USAGE = Usage(11, 7, cached_tokens=3, reasoning_tokens=2)
CALLS = (ToolCall("call-1", "weather", '{"city":"Zürich"}'), ToolCall("call-2", "time", "{}"))


def _call(call: ToolCall, **more: Any) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function, **more}


def _tool_events() -> list[Any]:
    first, second = CALLS
    fragments = [
        _call(ToolCall(first.id, first.name, ""), index=0),
        {"index": 0, "function": {"arguments": first.arguments[:11]}},
        _call(second, index=1),
        {"index": 0, "function": {"arguments": first.arguments[11:]}},
    ]
    events: list[Any] = [chat_chunk({"tool_calls": [fragment]}) for fragment in fragments]
    return [*events, *chat_events((), finish="tool_calls")[1:]]


class TestOpenAIProvider(HttpProviderConformance):
    component = OpenAIProvider
    embedder = OpenAIEmbedder
    key_env = "OPENAI_API_KEY"
    text = Canned(
        chat_body("Grüß Gott 👋"),
        sse(chat_events(("Grüß", " Gott ", "👋"))),
        ChatResponse(Message("assistant", "Grüß Gott 👋"), "stop", USAGE),
    )
    tools = Canned(
        chat_body(None, tool_calls=[_call(call) for call in CALLS], finish="tool_calls"),
        sse(_tool_events()),
        ChatResponse(Message("assistant", "", tool_calls=CALLS), "tool_calls", USAGE),
    )
    endings: ClassVar[dict[FinishReason, Any]] = {
        "length": chat_body("x", finish="length"),
        "content_filter": chat_body("x", finish="content_filter"),
        "other": chat_body("x", finish="something new"),
    }
    stream_error = sse([chat_chunk({"content": "Hel"}), error_body("overloaded", kind="server_error")])
    other_errors: ClassVar[dict[bytes, type[GraphBitError]]] = {
        json.dumps(error_body("bad", kind="invalid_request_error")).encode(): BadRequestError,
        json.dumps(error_body("slow down", code="rate_limit_exceeded")).encode(): RateLimitError,
        b'{"error":"plain"}': ProviderError,
    }

    def error_body(self, message: str) -> Any:
        return error_body(message)


class TestOpenAIEmbedder(HttpEmbedderConformance):
    component = OpenAIEmbedder
    key_env = "OPENAI_API_KEY"
    other_settings = ({"model": "text-embedding-3-large"}, {"dimensions": 256})
    other_errors: ClassVar[dict[bytes, type[GraphBitError]]] = {
        json.dumps(error_body("slow down", code="rate_limit_exceeded")).encode(): RateLimitError
    }

    def vectors_body(self, vectors: Sequence[Sequence[float]]) -> Any:
        return embeddings_body(vectors)

    def same_bodies(self, vectors: Sequence[Sequence[float]]) -> Sequence[Any]:
        rows = self.vectors_body(vectors)["data"]
        packed = [{**row, "embedding": b64encode(array("f", row["embedding"])).decode()} for row in rows]
        return {"data": rows[::-1]}, {"data": packed}, {"data": [{"embedding": r["embedding"]} for r in rows]}

    def error_body(self, message: str) -> Any:
        return error_body(message)
