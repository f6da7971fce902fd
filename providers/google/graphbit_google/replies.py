"""A generateContent reply as our response. Fields it does not know are skipped."""

from __future__ import annotations

from typing import Any

from graphbit_core import BadRequestError, ChatResponse, FinishReason, HttpResponse, ProviderError, Usage
from graphbit_core.wire import bad_shape, count
from graphbit_google.answers import Parts
from graphbit_google.errors import error_in_body, error_of

_FINISH: dict[str, FinishReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
    "MODEL_ARMOR": "content_filter",
}
_SPOILED = frozenset({"MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE", "UNEXPECTED_TOOL_CALL"})
"""The model wrote what the API itself cannot read: there is no answer, and another attempt may bring one."""


def read_reply(response: HttpResponse) -> ChatResponse:
    """A 2xx reply.

    Raises:
        ProviderError: Its body is an error, or the prompt was blocked.
        DecodeError: It is no answer.
    """
    body = response.json()
    if error := error_of(body):
        raise error_in_body(error, response.status)
    if not isinstance(body, dict):
        bad_shape("is not an object", body, response.status)
    candidate = first_candidate(body, response.status)
    if candidate is None:
        bad_shape("has no candidates[0]", body, response.status)
    parts = Parts()
    parts.identity = str(body.get("responseId") or "")
    parts.add(candidate)
    if not candidate.get("finishReason") and parts.empty:
        bad_shape("has neither content nor a finishReason", body, response.status)
    return answer(parts, candidate.get("finishReason"), body)


def answer(parts: Parts, finish: Any, body: dict[str, Any], status: int | None = None) -> ChatResponse:
    """The complete answer. Raises if ``finish``, the finishReason, says that there is none."""
    reason = str(finish)
    if reason in _SPOILED:
        bad_shape(f"ended with {reason}: the model wrote what the API could not read", body, status)
    if reason == "MISSING_THOUGHT_SIGNATURE":
        raise BadRequestError(
            "the history lacks a thought signature that the API gave; send answers back as they came",
            code=reason,
            retryable=False,
        )
    message = parts.message()
    return ChatResponse(
        message=message,
        finish_reason="tool_calls"
        if message.tool_calls and reason == "STOP"
        else _FINISH.get(reason, "other"),
        usage=read_usage(body.get("usageMetadata")),
        model=str(body.get("modelVersion") or ""),
        id=parts.identity,
        raw=body,
    )


def first_candidate(body: dict[str, Any], status: int | None = None) -> dict[str, Any] | None:
    """The candidate with index 0, if there is one. Raises ProviderError if the prompt was blocked."""
    candidates = body.get("candidates")
    for candidate in candidates if isinstance(candidates, list) else ():
        if isinstance(candidate, dict) and candidate.get("index", 0) == 0:
            return candidate
    feedback = body.get("promptFeedback")
    if isinstance(feedback, dict) and feedback.get("blockReason"):
        raise _blocked(feedback, status)
    return None


def _blocked(feedback: dict[str, Any], status: int | None) -> ProviderError:
    reason = str(feedback["blockReason"])
    said = feedback.get("blockReasonMessage")
    message = f"the prompt was blocked: {reason}" + (f": {said}" if said else "")
    return BadRequestError(message[:2000], status=status, code=reason, retryable=False)


def read_usage(usage: Any) -> Usage:
    """Tokens; the API counts thoughts beside the answer and cached tokens within the prompt."""
    thoughts = count(usage, "thoughtsTokenCount")
    return Usage(
        input_tokens=count(usage, "promptTokenCount") + count(usage, "toolUsePromptTokenCount"),
        output_tokens=count(usage, "candidatesTokenCount") + thoughts,
        cached_tokens=count(usage, "cachedContentTokenCount"),
        reasoning_tokens=thoughts,
    )
