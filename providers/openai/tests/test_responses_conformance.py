from __future__ import annotations

import json
from typing import Any, ClassVar

import responses_wire as wire
from graphbit_openai import OpenAIResponsesProvider

from graphbit_core import (
    BadRequestError,
    ChatResponse,
    GraphBitError,
    Message,
    ProviderError,
    RateLimitError,
    ReasoningPart,
    TextPart,
    ToolCall,
    Usage,
)
from graphbit_core.testing import Canned, HttpProviderConformance
from graphbit_core.testing.replies import error_body

USAGE = Usage(11, 7, cached_tokens=3, reasoning_tokens=2)
CALLS = (ToolCall("call-1", "weather", '{"city":"Zürich"}'), ToolCall("call-2", "time", "{}"))


def _canned(message: Message, finish: Any, *items: dict[str, Any]) -> Canned:
    full = wire.response(*items)
    whole = {
        name: full[name] for name in ("id", "status", "model", "output", "usage")
    }  # streams are cut at each byte
    return Canned(whole, wire.sse(wire.events(whole)), ChatResponse(message, finish, USAGE))


class TestOpenAIResponsesProvider(HttpProviderConformance):
    component = OpenAIResponsesProvider
    key_env = "OPENAI_API_KEY"
    text = _canned(Message("assistant", "Grüß Gott 👋"), "stop", wire.message("Grüß Gott 👋"))
    tools = _canned(
        Message("assistant", "", tool_calls=CALLS),
        "tool_calls",
        *(wire.call(call.id, call.name, call.arguments) for call in CALLS),
    )
    reasoning = _canned(
        Message(
            "assistant",
            (
                ReasoningPart("They greet", "gAAA", "openai-responses", "rs_1"),
                ReasoningPart(" me. 🤔", "gAAA", "openai-responses", "rs_1"),
                TextPart("Grüß Gott"),
            ),
        ),
        "stop",
        wire.reasoning("They greet", " me. 🤔"),
        wire.message("Grüß Gott"),
    )
    endings = wire.ENDINGS
    stream_error = wire.sse(
        [
            *wire.events(wire.response(wire.message("Hello")))[:4],
            {"type": "error", "code": "server_error", "message": "scripted", "param": None},
        ]
    )
    other_errors: ClassVar[dict[bytes, type[GraphBitError]]] = {
        json.dumps(error_body("bad", kind="invalid_request_error")).encode(): BadRequestError,
        json.dumps(error_body("slow down", code="rate_limit_exceeded")).encode(): RateLimitError,
        b'{"error":"plain"}': ProviderError,
        json.dumps(wire.response(status="failed")).encode(): ProviderError,
    }

    def error_body(self, message: str) -> Any:
        return error_body(message)
