"""A reply of the responses API as our response. Items and fields it does not know are skipped."""

from __future__ import annotations

from typing import Any

from graphbit_core import (
    BadRequestError,
    ChatResponse,
    FinishReason,
    HttpResponse,
    Message,
    ProviderError,
    ReasoningPart,
    TextPart,
    ToolCall,
    Usage,
)
from graphbit_core.wire import bad_shape, count, optional_list, optional_text
from graphbit_openai.errors import error_in_body
from graphbit_openai.responses.messages import SUMMARY, THOUGHTS

_CUT: dict[str, FinishReason] = {"max_output_tokens": "length", "content_filter": "content_filter"}
_FAULTS_OF_THE_REQUEST = (
    "invalid_prompt",
    "invalid_image",
    "invalid_base64_image",
    "image_",
    "empty_image",
    "unsupported_image",
    "failed_to_download_image",
)
"""Beginnings of the codes that say the request itself is at fault."""
_POLICIES = ("bio_policy", "misalignment_policy_violation", "data_residency_mismatch")


def read_reply(response: HttpResponse) -> ChatResponse:
    """A 2xx reply. Raises ProviderError if the response failed, DecodeError if it is none."""
    body = response.json()
    if not isinstance(body, dict):
        bad_shape("is not an object", body, response.status)
    return read_response(body, response.status)


def read_response(body: dict[str, Any], status: int | None = None) -> ChatResponse:
    """A response object that has come to its end."""
    state = body.get("status")
    if body.get("error") or state in ("failed", "cancelled"):
        raise failure(body, status)
    if state not in ("completed", "incomplete", None):
        bad_shape(f"is no end of a response: its status is {state!r}", body, status)
    output = body.get("output")
    if not isinstance(output, list) or not all(isinstance(item, dict) for item in output):
        bad_shape("has no list of items under output", body, status)
    answer = _Answer()
    for item in output:
        answer.add(item)
    content = answer.content()
    if state is None and not content and not answer.calls:
        bad_shape("has neither a status nor an answer", body, status)
    return ChatResponse(
        message=Message("assistant", content, tool_calls=tuple(answer.calls)),
        finish_reason=answer.finish_reason(body),
        usage=read_usage(body.get("usage")),
        model=str(body.get("model") or ""),
        id=str(body.get("id") or ""),
        raw=body,
    )


def failure(body: dict[str, Any], status: int | None = None) -> ProviderError:
    """Why there is no answer: the error of a failed response, or of a stream."""
    error = body.get("error")
    if not error:
        return ProviderError(f"the response is {body.get('status')}, and no reason is given", status=status)
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, str) and (code.startswith(_FAULTS_OF_THE_REQUEST) or code in _POLICIES):
        message = str(error.get("message") or "no explanation")[:2000]
        return BadRequestError(message, status=status, code=code)
    return error_in_body(error, status)


def read_usage(usage: Any) -> Usage:
    """Tokens; zeros where nothing is said."""
    if not isinstance(usage, dict):
        return Usage()
    read, written = usage.get("input_tokens_details"), usage.get("output_tokens_details")
    return Usage(
        input_tokens=count(usage, "input_tokens"),
        output_tokens=count(usage, "output_tokens"),
        cached_tokens=count(read, "cached_tokens"),
        cache_write_tokens=count(read, "cache_write_tokens"),
        reasoning_tokens=count(written, "reasoning_tokens"),
    )


def read_call(item: dict[str, Any]) -> ToolCall:
    """A function_call item. Raises DecodeError if it names no function."""
    if not (name := optional_text(item, "name")):
        bad_shape("has a function_call without a name", item)
    call_id = optional_text(item, "call_id") or optional_text(item, "id")
    return ToolCall(call_id, name, optional_text(item, "arguments"))


class _Answer:
    """Collects the items of a response."""

    def __init__(self) -> None:
        self.calls: list[ToolCall] = []
        self._parts: list[TextPart | ReasoningPart] = []
        self._refused = False

    def add(self, item: dict[str, Any]) -> None:
        """Takes an item; kinds it does not know, such as the provider's own tools, stay in ``raw``."""
        kind = item.get("type")
        if kind == "message":
            self._text(item)
        elif kind == "function_call":
            self.calls.append(read_call(item))
        elif kind == "reasoning":
            self._reasoning(item)

    def content(self) -> str | tuple[TextPart | ReasoningPart, ...]:
        """Text of which nothing more is to be said as a string, all else as parts in order."""
        if all(isinstance(part, TextPart) and part == TextPart(part.text) for part in self._parts):
            return "".join(part.text for part in self._parts)
        return tuple(self._parts)

    def finish_reason(self, body: dict[str, Any]) -> FinishReason:
        """Why the answer ended. One that was cut off is never a whole one, even if it calls tools."""
        if body.get("status") == "incomplete":
            details = body.get("incomplete_details")
            reason = details.get("reason") if isinstance(details, dict) else None
            return _CUT.get(reason, "other") if isinstance(reason, str) else "other"
        if self._refused:
            return "refusal"
        return "tool_calls" if self.calls else "stop"

    def _text(self, item: dict[str, Any]) -> None:
        phase, before = optional_text(item, "phase"), len(self.calls)
        for part in _objects(item, "content"):
            refusal = optional_text(part, "refusal") if part.get("type") == "refusal" else ""
            text = optional_text(part, "text") if part.get("type") == "output_text" else refusal
            self._refused = self._refused or bool(refusal)
            if text:
                self._parts.append(TextPart(text, phase, before))

    def _reasoning(self, item: dict[str, Any]) -> None:
        """One part for each text of the item, so that it can be sent back as it is."""
        signature = optional_text(item, "encrypted_content") or None
        texts = [(SUMMARY, optional_text(part, "text")) for part in _objects(item, "summary")]
        texts += [(THOUGHTS, optional_text(part, "text")) for part in _objects(item, "content")]
        identifier = optional_text(item, "id") or None
        for origin, text in texts or [(SUMMARY, "")]:
            hidden = bool(signature) and not text
            self._parts.append(
                ReasoningPart(text, signature, origin, identifier, hidden, calls_before=len(self.calls))
            )


def _objects(item: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The list of objects under ``name``, empty if there is none."""
    found = optional_list(item, name)
    return (
        found
        if all(isinstance(part, dict) for part in found)
        else bad_shape(f"has no objects in {name}", item)
    )
