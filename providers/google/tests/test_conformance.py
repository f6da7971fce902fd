from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, ClassVar

from graphbit_google import GoogleEmbedder, GoogleProvider

from graphbit_core import (
    AuthError,
    BadRequestError,
    ChatResponse,
    DecodeError,
    FinishReason,
    GraphBitError,
    HttpResponse,
    ImagePart,
    Message,
    ProviderError,
    RateLimitError,
    ReasoningPart,
    TextPart,
    ToolCall,
    UnavailableError,
    Usage,
)
from graphbit_core.testing import Canned, HttpEmbedderConformance, HttpProviderConformance
from graphbit_core.testing.replies import sse

USAGE = Usage(11, 7, cached_tokens=3, reasoning_tokens=2)
COUNTS = {
    "promptTokenCount": 11,
    "candidatesTokenCount": 5,
    "thoughtsTokenCount": 2,
    "cachedContentTokenCount": 3,
    "totalTokenCount": 18,
}
CALLS = (ToolCall("call-1", "weather", '{"city":"Zürich"}', "c2lnMQ=="), ToolCall("call-r-1-1", "time", "{}"))
THOUGHTS = (
    ReasoningPart("I look ", "c2lnMQ==", "gemini"),
    ReasoningPart("twice.", None, "gemini"),
    TextPart("It "),
    ReasoningPart("", "c2lnMg==", "gemini", hidden=True),
    TextPart("rains."),
    ReasoningPart("", "c2lnMw==", "gemini", hidden=True),
)
THOUGHT_PARTS: list[dict[str, Any]] = [
    {"text": "I look ", "thought": True, "thoughtSignature": "c2lnMQ=="},
    {"text": "twice.", "thought": True},
    {"text": "It "},
    {"text": "rains.", "thoughtSignature": "c2lnMg=="},
    {"text": "", "thoughtSignature": "c2lnMw=="},
]


def body(parts: list[dict[str, Any]] | None, finish: str | None = "STOP", **more: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"index": 0}
    if parts is not None:
        candidate["content"] = {"role": "model", "parts": parts}
    if finish:
        candidate["finishReason"] = finish
    about = {"modelVersion": "gemini-scripted", "responseId": "r-1", "usageMetadata": COUNTS}
    return {"candidates": [candidate], **about, **more}


def stream(*chunks: list[dict[str, Any]]) -> str:
    """Chunks of parts; the last one ends the answer."""
    events: list[Any] = [body(parts, None, usageMetadata={"promptTokenCount": 11}) for parts in chunks[:-1]]
    return sse([*events, body(chunks[-1])])


def error(message: str, code: int = 503, status: str = "UNAVAILABLE", *details: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "status": status, "details": list(details)}}


_CALL_PARTS: list[dict[str, Any]] = [
    {
        "functionCall": {"id": "call-1", "name": "weather", "args": {"city": "Zürich"}},
        "thoughtSignature": "c2lnMQ==",
    },
    {"functionCall": {"name": "time", "args": {}}},
]
_BAD_KEY = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}


class TestGoogleProvider(HttpProviderConformance):
    component = GoogleProvider
    embedder = GoogleEmbedder
    key_env = "GOOGLE_API_KEY"
    marks_failed_tools = True
    text = Canned(
        body([{"text": "Grüß Gott 👋"}]),
        stream([{"text": "Grüß"}], [{"text": " Gott "}], [{"text": "👋"}]),
        ChatResponse(Message("assistant", "Grüß Gott 👋"), "stop", USAGE),
    )
    tools = Canned(
        body(_CALL_PARTS),
        stream(_CALL_PARTS[:1], _CALL_PARTS[1:], []),
        ChatResponse(Message("assistant", "", tool_calls=CALLS), "tool_calls", USAGE),
    )
    reasoning = Canned(
        body(THOUGHT_PARTS),
        stream(*([part] for part in THOUGHT_PARTS)),
        ChatResponse(Message("assistant", THOUGHTS), "stop", USAGE),
    )
    endings: ClassVar[dict[FinishReason, Any]] = {
        "length": body(None, "MAX_TOKENS"),
        "content_filter": body([{"text": "x"}], "SAFETY"),
        "other": body([{"text": "x"}], "LANGUAGE"),
    }
    stream_error = sse([body([{"text": "Hel"}], None), error("overloaded")])
    other_errors: ClassVar[dict[bytes, type[GraphBitError]]] = {
        json.dumps(error("busy")).encode(): UnavailableError,
        json.dumps([error("slow down", 429, "RESOURCE_EXHAUSTED")]).encode(): RateLimitError,
        json.dumps({"error": {"status": "INVALID_ARGUMENT"}}).encode(): BadRequestError,
        json.dumps(error("bad key", 400, "INVALID_ARGUMENT", _BAD_KEY)).encode(): AuthError,
        json.dumps({"promptFeedback": {"blockReason": "SAFETY"}}).encode(): BadRequestError,
        json.dumps(body(None, "MALFORMED_FUNCTION_CALL")).encode(): DecodeError,
        json.dumps(body(None, "MISSING_THOUGHT_SIGNATURE")).encode(): BadRequestError,
        json.dumps({"candidates": []}).encode(): DecodeError,
        b'{"error":"plain"}': ProviderError,
    }

    def error_body(self, message: str) -> Any:
        return error(message)


class TestGoogleEmbedder(HttpEmbedderConformance):
    component = GoogleEmbedder
    key_env = "GOOGLE_API_KEY"
    other_settings = ({"model": "gemini-embedding-2"}, {"dimensions": 768}, {"task_type": "RETRIEVAL_QUERY"})
    other_errors: ClassVar[dict[bytes, type[GraphBitError]]] = {
        json.dumps(error("busy")).encode(): UnavailableError,
        json.dumps([error("slow down", 429, "RESOURCE_EXHAUSTED")]).encode(): RateLimitError,
    }

    def vectors_body(self, vectors: Sequence[Sequence[float]]) -> Any:
        return {"embeddings": [{"values": list(vector)} for vector in vectors]}

    def error_body(self, message: str) -> Any:
        return error(message)


def test_a_picture_in_an_answer_is_an_image() -> None:
    part = {"inlineData": {"mimeType": "image/png", "data": "AAEC"}, "thoughtSignature": "c2ln"}
    codec = GoogleProvider(api_key="k").chat("gemini-3-pro-image")
    answer = codec.decode(_reply(body([part])))
    signed = ReasoningPart("", "c2ln", "gemini", hidden=True)
    assert answer.message.content == (signed, ImagePart(data=b"\0\1\2", media_type="image/png"))


def _reply(payload: Any) -> HttpResponse:
    return HttpResponse(200, {}, json.dumps(payload).encode())
