from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from graphbit_ollama import OllamaEmbedder, OllamaProvider
from ollama_wire import call, lines, ndjson, reply, streamed

from graphbit_core import (
    ChatResponse,
    FinishReason,
    GraphBitError,
    Message,
    ProviderError,
    ReasoningPart,
    TextPart,
    ToolCall,
    UnavailableError,
    Usage,
)
from graphbit_core.testing import Canned, HttpEmbedderConformance, HttpProviderConformance

USAGE = Usage(11, 7)
TEXT = reply("Grüß Gott 👋")
TOOLS = reply(calls=(call("weather", {"city": "Zürich"}), call("time", {})))
REASONING = reply("Grüß Gott 👋", thinking="They greet …")
CALLS = (
    ToolCall("call_100966354cf322de", "weather", '{"city":"Zürich"}'),
    ToolCall("call_2ae7be9eb9b40fa4", "time", "{}"),
)


class TestOllamaProvider(HttpProviderConformance):
    component = OllamaProvider
    embedder = OllamaEmbedder
    key_env = "OLLAMA_API_KEY"
    key_required = False
    text = Canned(TEXT, streamed(TEXT), ChatResponse(Message("assistant", "Grüß Gott 👋"), "stop", USAGE))
    tools = Canned(
        TOOLS, streamed(TOOLS), ChatResponse(Message("assistant", "", tool_calls=CALLS), "tool_calls", USAGE)
    )
    reasoning = Canned(
        REASONING,
        streamed(REASONING),
        ChatResponse(
            Message("assistant", (ReasoningPart("They greet …", origin="ollama"), TextPart("Grüß Gott 👋"))),
            "stop",
            USAGE,
        ),
    )
    endings: ClassVar[dict[FinishReason, Any]] = {
        "length": reply("Once upon", reason="length"),
        "other": reply(reason="load"),
    }
    stream_error = ndjson([*lines(TEXT)[:2], {"error": "the runner has stopped"}])
    other_errors: ClassVar[dict[bytes, type[GraphBitError]]] = {
        b'{"error":"the runner has stopped"}': ProviderError,
        b'{"error":"busy","status_code":503}': UnavailableError,
        b'{"error":{"message":"busy"}}': ProviderError,
    }

    def error_body(self, message: str) -> Any:
        return {"error": message}


class TestOllamaEmbedder(HttpEmbedderConformance):
    component = OllamaEmbedder
    key_env = "OLLAMA_API_KEY"
    key_required = False
    other_settings = ({"model": "nomic-embed-text"}, {"dimensions": 256})
    other_errors: ClassVar[dict[bytes, type[GraphBitError]]] = {
        b'{"error":"the runner has stopped"}': ProviderError,
        b'{"error":"busy","status_code":503}': UnavailableError,
    }

    def vectors_body(self, vectors: Sequence[Sequence[float]]) -> Any:
        return {"model": "m", "embeddings": [list(vector) for vector in vectors], "prompt_eval_count": 5}

    def error_body(self, message: str) -> Any:
        return {"error": message}
