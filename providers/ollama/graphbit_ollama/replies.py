"""An ``/api/chat`` reply as our response. Fields it does not know are skipped."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from graphbit_core import (
    ChatResponse,
    FinishReason,
    HttpResponse,
    Message,
    ReasoningPart,
    TextPart,
    ToolCall,
    Usage,
)
from graphbit_core.wire import bad_shape, compact_json, count, optional_list, optional_text
from graphbit_ollama.errors import error_in_body
from graphbit_ollama.messages import ORIGIN

_FINISH: dict[str, FinishReason] = {"stop": "stop", "length": "length"}


def read_reply(response: HttpResponse) -> ChatResponse:
    """A 2xx reply. Raises ProviderError if its body is an error, DecodeError if it is no answer."""
    body = response.json()
    if not isinstance(body, dict):
        bad_shape("is not an object", body, response.status)
    if body.get("error"):
        raise error_in_body(body, response.status)
    message = body.get("message")
    if not isinstance(message, dict) or body.get("done") is not True:
        bad_shape("has no message that is done", body, response.status)
    calls = read_calls(message, body, 0)
    return answer(optional_text(message, "content"), optional_text(message, "thinking"), calls, body)


def answer(text: str, thinking: str, calls: list[ToolCall], last: dict[str, Any]) -> ChatResponse:
    """A complete answer; ``last`` is the reply, or the last frame of a stream, with its counts."""
    thought = ReasoningPart(thinking, origin=ORIGIN)
    said = (TextPart(text),) if text else ()
    reason = last.get("done_reason") or "stop"  # servers before 0.1.33 give none
    finish = _FINISH.get(reason, "other") if isinstance(reason, str) else "other"
    return ChatResponse(
        message=Message("assistant", (thought, *said) if thinking else text, tool_calls=tuple(calls)),
        finish_reason="tool_calls" if calls and finish == "stop" else finish,
        usage=read_usage(last),
        model=str(last.get("model") or ""),
        raw=last,
    )


def read_usage(body: dict[str, Any]) -> Usage:
    """Tokens; zeros where nothing is said, as for a prompt that the server still had in its cache."""
    return Usage(count(body, "prompt_eval_count"), count(body, "eval_count"))


def read_calls(message: dict[str, Any], body: dict[str, Any], before: int) -> list[ToolCall]:
    """The tool calls of a message, ``before`` of which came in earlier frames."""
    calls = optional_list(message, "tool_calls")
    return [_call(call, body.get("created_at"), before + at) for at, call in enumerate(calls)]


def _call(call: Any, created_at: Any, position: int) -> ToolCall:
    """A call. Where the server gives it no id, one is made of what tells calls apart, and of nothing else."""
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        bad_shape("has a tool call without a function name", call)
    written = function.get("arguments")
    arguments = written if isinstance(written, str) else compact_json({} if written is None else written)
    facts = repr((created_at, position, function["name"], arguments)).encode()
    made = f"call_{blake2b(facts, digest_size=8).hexdigest()}"
    return ToolCall(str(call.get("id") or made), function["name"], arguments)
