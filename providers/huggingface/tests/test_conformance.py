from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from graphbit_huggingface import HuggingFaceEmbedder, HuggingFaceProvider

from graphbit_core import (
    ChatResponse,
    FinishReason,
    GraphBitError,
    Message,
    ProviderError,
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
    error_body,
    sse,
    tool_call,
    tool_call_events,
)

USAGE = Usage(11, 7, cached_tokens=3, reasoning_tokens=2)
CALLS = [tool_call("call-1", "weather", {"city": "Zürich"}), tool_call("call-2", "time", {})]
ASKED = tuple(ToolCall(one["id"], one["function"]["name"], one["function"]["arguments"]) for one in CALLS)
THOUGHT = (ReasoningPart("Ein Gruß.", origin="huggingface"), TextPart("Hallo"))


def _thinking_body() -> dict[str, Any]:
    body = chat_body("Hallo")
    body["choices"][0]["message"]["reasoning"] = "Ein Gruß."
    return body


class TestHuggingFaceProvider(HttpProviderConformance):
    component = HuggingFaceProvider
    embedder = HuggingFaceEmbedder
    key_env = "HF_TOKEN"
    text = Canned(
        chat_body("Grüß Gott 👋"),
        sse(chat_events(("Grüß", " Gott ", "👋"))),
        ChatResponse(Message("assistant", "Grüß Gott 👋"), "stop", USAGE),
    )
    tools = Canned(
        chat_body(None, tool_calls=CALLS, finish="tool_calls"),
        sse(tool_call_events(CALLS)),
        ChatResponse(Message("assistant", "", tool_calls=ASKED), "tool_calls", USAGE),
    )
    reasoning = Canned(
        _thinking_body(),
        sse(
            [chat_chunk({"reasoning": "Ein "}), chat_chunk({"reasoning": "Gruß."}), *chat_events(("Hallo",))]
        ),
        ChatResponse(Message("assistant", THOUGHT), "stop", USAGE),
    )
    endings: ClassVar[dict[FinishReason, Any]] = {
        "length": chat_body("x", finish="length"),
        "content_filter": chat_body("x", finish="content_filter"),
        "other": chat_body("x", finish="something new"),
    }
    stream_error = sse([chat_chunk({"content": "Hel"}), error_body("overloaded", kind="server_error")])
    other_errors: ClassVar[dict[bytes, type[GraphBitError]]] = {b'{"error":"plain"}': ProviderError}

    def error_body(self, message: str) -> Any:
        return {"error": message}


class TestHuggingFaceEmbedder(HttpEmbedderConformance):
    component = HuggingFaceEmbedder
    key_env = "HF_TOKEN"
    other_settings = ({"model": "org/other"}, {"normalize": True}, {"prompt_name": "query"})
    other_errors: ClassVar[dict[bytes, type[GraphBitError]]] = {b'{"error":"plain"}': ProviderError}

    def vectors_body(self, vectors: Sequence[Sequence[float]]) -> Any:
        return [list(vector) for vector in vectors]

    def error_body(self, message: str) -> Any:
        return {"error": message}
