from __future__ import annotations

import json
from typing import Any, ClassVar

from anthropic_wire import (
    error,
    events,
    message,
    redacted,
    sse,
    streamed,
    text as text_block,
    thinking,
    tool_use,
)
from graphbit_anthropic import AnthropicProvider

from graphbit_core import (
    BadRequestError,
    ChatResponse,
    FinishReason,
    GraphBitError,
    Message,
    ProviderError,
    RateLimitError,
    ReasoningPart,
    TextPart,
    ToolCall,
    UnavailableError,
    Usage,
)
from graphbit_core.testing import Canned, HttpProviderConformance

USAGE = Usage(16, 7, cached_tokens=3, cache_write_tokens=2, reasoning_tokens=4)
CALLS = (ToolCall("toolu_1", "weather", '{"city":"Zürich"}'), ToolCall("toolu_2", "time", "{}"))
TEXT = message(text_block("Grüß Gott 👋"))
TOOLS = message(
    tool_use("toolu_1", "weather", {"city": "Zürich"}), tool_use("toolu_2", "time", {}), stop="tool_use"
)
REASONING = message(
    thinking("Hm, grüßen …", "c2ln"),
    redacted("ZGF0YQ"),
    text_block("I look."),
    tool_use("toolu_1", "weather", {"city": "Zürich"}),
    thinking("And the time?", "c2ln2"),
    tool_use("toolu_2", "time", {}),
    stop="tool_use",
)


class TestAnthropicProvider(HttpProviderConformance):
    component = AnthropicProvider
    key_env = "ANTHROPIC_API_KEY"
    marks_failed_tools = True
    text = Canned(TEXT, streamed(TEXT), ChatResponse(Message("assistant", "Grüß Gott 👋"), "stop", USAGE))
    tools = Canned(
        TOOLS, streamed(TOOLS), ChatResponse(Message("assistant", "", tool_calls=CALLS), "tool_calls", USAGE)
    )
    reasoning = Canned(
        REASONING,
        streamed(REASONING),
        ChatResponse(
            Message(
                "assistant",
                (
                    ReasoningPart("Hm, grüßen …", "c2ln", "anthropic"),
                    ReasoningPart("", "ZGF0YQ", "anthropic", hidden=True),
                    TextPart("I look."),
                    ReasoningPart("And the time?", "c2ln2", "anthropic", calls_before=1),
                ),
                tool_calls=CALLS,
            ),
            "tool_calls",
            USAGE,
        ),
    )
    endings: ClassVar[dict[FinishReason, Any]] = {
        "length": message(text_block("Once upon"), stop="max_tokens"),
        "refusal": message(stop="refusal"),
        "other": message(text_block("I search."), stop="pause_turn"),
    }
    stream_error = sse([*events(TEXT)[:4], error("overloaded_error")])
    other_errors: ClassVar[dict[bytes, type[GraphBitError]]] = {
        json.dumps(error("overloaded_error")).encode(): UnavailableError,
        json.dumps(error("rate_limit_error")).encode(): RateLimitError,
        json.dumps(error("invalid_request_error")).encode(): BadRequestError,
        b'{"error":"plain"}': ProviderError,
    }

    def error_body(self, message: str) -> Any:
        return {"type": "error", "error": {"type": "invalid_request_error", "message": message}}
