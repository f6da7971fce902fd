"""A chat completions reply as our response. Fields it does not know are skipped."""

from __future__ import annotations

from typing import Any, Never

from graphbit_core import ChatResponse, DecodeError, FinishReason, HttpResponse, Message, ToolCall, Usage
from graphbit_openai.errors import error_in_body

_FINISH: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


def read_reply(response: HttpResponse) -> ChatResponse:
    """A 2xx reply. Raises ProviderError if its body is an error, DecodeError if it is no chat completion."""
    body = response.json()
    if not isinstance(body, dict):
        bad_shape("is not an object", body, response.status)
    if body.get("error"):
        raise error_in_body(body["error"], response.status)
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        bad_shape("has no choices[0].message", body, response.status)
    text, refusal = optional_text(message, "content"), optional_text(message, "refusal")
    calls = tuple(_tool_call(call) for call in message.get("tool_calls") or ())
    finish = choice.get("finish_reason")
    if message.get("content") is None and not refusal and not calls and not finish:
        bad_shape("has neither content nor a finish_reason", body, response.status)
    return ChatResponse(
        message=Message("assistant", text + refusal, tool_calls=calls),
        finish_reason=finish_reason(finish, refused=bool(refusal), called=bool(calls)),
        usage=read_usage(body.get("usage")),
        model=str(body.get("model") or ""),
        id=str(body.get("id") or ""),
        raw=body,
    )


def optional_text(holder: dict[str, Any], name: str) -> str:
    """The string under ``name``, empty if there is none. Raises DecodeError if it is something else."""
    value = holder.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        bad_shape(f"has a {name} that is not a string", holder)
    return value


def finish_reason(reason: Any, *, refused: bool, called: bool) -> FinishReason:
    """The finish reason in our words; some servers leave it empty beside tool calls."""
    if refused:
        return "refusal"
    if called and reason in ("stop", "", None):
        return "tool_calls"
    return _FINISH.get(reason, "other") if isinstance(reason, str) else "other"


def read_usage(usage: Any) -> Usage:
    """Tokens; zeros where nothing is said."""
    if not isinstance(usage, dict):
        return Usage()
    prompt, completion = usage.get("prompt_tokens_details"), usage.get("completion_tokens_details")
    return Usage(
        input_tokens=count(usage, "prompt_tokens"),
        output_tokens=count(usage, "completion_tokens"),
        cached_tokens=count(prompt, "cached_tokens"),
        cache_write_tokens=count(prompt, "cache_write_tokens"),
        reasoning_tokens=count(completion, "reasoning_tokens"),
    )


def bad_shape(what: str, body: Any, status: int | None = None) -> Never:
    """Raises DecodeError."""
    raise DecodeError(f"the reply {what}", status=status, excerpt=repr(body)[:200])


def _tool_call(call: Any) -> ToolCall:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        bad_shape("has a tool call without a function name", call)
    arguments = function.get("arguments") or ""
    if not isinstance(arguments, str):
        bad_shape("has tool call arguments that are not a string", call)
    return ToolCall(str(call.get("id") or ""), function["name"], arguments)


def count(holder: Any, name: str) -> int:
    """The number under ``name``; 0 if there is none."""
    value = holder.get(name) if isinstance(holder, dict) else None
    return value if isinstance(value, int) and value > 0 else 0
