"""Whatever a server sends, reading it ends with an answer or with an error of ours."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from graphbit_openai import OpenAIEmbedder, OpenAIProvider
from hypothesis import given, settings, strategies as st

from graphbit_core import ChatRequest, Frame, GraphBitError, HttpResponse, Message
from graphbit_core.testing.replies import chat_body

_WORDS = ["", "a", "stop", "error", "tool_calls", "text", "thinking", "reasoning.text", "{}", "[DONE]", "429"]
_NAMES = [
    *("error", "choices", "index", "message", "delta", "finish_reason", "content", "refusal", "tool_calls"),
    *("function", "name", "arguments", "id", "type", "usage", "x_groq", "reasoning", "reasoning_content"),
    *("reasoning_details", "text", "summary", "signature", "annotations", "thinking", "code", "metadata"),
    *("headers", "X-RateLimit-Reset", "raw", "detail", "loc", "msg", "prompt_tokens", "cost", "total_cost"),
    *("data", "embedding", "completion_tokens_details", "reasoning_tokens"),
]
_LEAVES = st.none() | st.booleans() | st.integers(-2, 2**70) | st.floats() | st.sampled_from(_WORDS)
JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=5),
    max_leaves=25,
)
MESSAGES = st.dictionaries(st.sampled_from(_NAMES), JSON, max_size=6)
QUIRKS = st.sampled_from([{}, {"require_finish": False, "cost": "cost.total_cost", "reasoning_apart": True}])


def codec(quirks: dict[str, Any]) -> Any:
    return OpenAIProvider(api_key="sk-test-1234567", quirks=quirks).chat("gpt-test")


def reply(body: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(status, {"date": "Sun, 06 Nov 1994 08:49:37 GMT"}, json.dumps(body).encode())


@settings(max_examples=150, deadline=None)
@given(body=JSON | MESSAGES.map(lambda one: {**chat_body(), "choices": [{"message": one}]}), quirks=QUIRKS)
def test_a_whole_reply_is_an_answer_or_an_error_of_ours(body: Any, quirks: dict[str, Any]) -> None:
    chat = codec(quirks)
    with contextlib.suppress(GraphBitError):
        answer = chat.decode(reply(body))
        chat.encode(ChatRequest((Message("user", "Hi"), answer.message)), stream=False)
    assert isinstance(chat.error(reply(body, 429)), GraphBitError)
    with contextlib.suppress(GraphBitError):
        OpenAIEmbedder(api_key="sk-test-1234567").codec().decode(reply(body))


@settings(max_examples=150, deadline=None)
@given(
    events=st.lists(JSON | MESSAGES.map(lambda one: {"choices": [{"delta": one}]}), max_size=6), quirks=QUIRKS
)
def test_a_stream_is_an_answer_or_an_error_of_ours(events: list[Any], quirks: dict[str, Any]) -> None:
    decoder = codec(quirks).decoder()
    with contextlib.suppress(GraphBitError):
        for event in events:
            decoder.feed(Frame(json.dumps(event)))
        decoder.feed(Frame("[DONE]"))
        decoder.finish()
