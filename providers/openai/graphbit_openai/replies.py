"""A chat completions reply as our response. Fields it does not know are skipped."""

from __future__ import annotations

from typing import Any

from graphbit_core import ChatResponse, FinishReason, HttpResponse, Message, ToolCall, UnavailableError
from graphbit_core.wire import bad_shape, optional_list, optional_text
from graphbit_openai.errors import error_in_body
from graphbit_openai.quirks import Quirks
from graphbit_openai.reasoning import add_details, content_of, read_chunks, read_thought
from graphbit_openai.usage import read_usage

_FINISH: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",  # Together
    "length": "length",
    "model_length": "length",  # Mistral
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}
_BROKEN_OFF = frozenset({"error", "insufficient_system_resource"})
"""The server gave up (Mistral, OpenRouter; DeepSeek): what it had written is not an answer."""


def read_reply(response: HttpResponse, quirks: Quirks, origin: str) -> ChatResponse:
    """A 2xx reply. Raises ProviderError if its body is an error, DecodeError if it is no chat completion."""
    body = response.json()
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    if not isinstance(body, dict):
        bad_shape("is not an object", body, response.status)
    choice = _choice(body, response.status)
    message = choice["message"]
    content, thought = message.get("content"), read_thought(message)
    if isinstance(content, list):
        text, more = read_chunks(content)
        thought += more
    else:
        text = optional_text(message, "content")
    refusal = optional_text(message, "refusal")
    calls = tuple([_tool_call(call) for call in optional_list(message, "tool_calls")])
    finish = choice.get("finish_reason")
    if content is None and not refusal and not calls and not finish:
        bad_shape("has neither content nor a finish_reason", body, response.status)
    details: list[dict[str, Any]] = []
    if "reasoning_details" in message:
        add_details(details, optional_list(message, "reasoning_details"))
    return ChatResponse(
        message=Message("assistant", content_of(thought, details, text + refusal, origin), tool_calls=calls),
        finish_reason=finish_reason(finish, quirks, refused=bool(refusal), called=bool(calls)),
        usage=read_usage(body.get("usage"), quirks),
        model=str(body.get("model") or ""),
        id=str(body.get("id") or ""),
        raw=body,
    )


def finish_reason(reason: Any, quirks: Quirks, *, refused: bool, called: bool) -> FinishReason:
    """The finish reason in our words; some servers leave it empty beside tool calls."""
    if refused:
        return "refusal"
    if called and reason in ("stop", "", None):
        return "tool_calls"
    if not isinstance(reason, str) or not reason:
        return "other" if reason or quirks.require_finish else "stop"
    if reason in _BROKEN_OFF:
        raise UnavailableError(f"the server ended the answer with the finish reason {reason!r}", code=reason)
    return _FINISH.get(reason, "other")


def _choice(body: dict[str, Any], status: int) -> dict[str, Any]:
    """The first choice, which has a message."""
    if body.get("error"):
        raise error_in_body(body["error"], status)
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if isinstance(choice, dict) and choice.get("error"):
        raise error_in_body(choice["error"], status)
    if not isinstance(choice, dict) or not isinstance(choice.get("message"), dict):
        if "detail" in body:
            raise error_in_body(body, status)
        bad_shape("has no choices[0].message", body, status)
    return choice


def _tool_call(call: Any) -> ToolCall:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        bad_shape("has a tool call without a function name", call)
    arguments = function.get("arguments") or ""
    if not isinstance(arguments, str):
        bad_shape("has tool call arguments that are not a string", call)
    return ToolCall(str(call.get("id") or ""), function["name"], arguments)
