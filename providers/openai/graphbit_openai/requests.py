"""Our chat request as a chat completions body."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphbit_core import ChatRequest, JsonOutput, Message, ToolCall, ToolSpec, ValidationError
from graphbit_core.wire import call_id, check_extra
from graphbit_openai.parts import write_parts
from graphbit_openai.quirks import Quirks
from graphbit_openai.reasoning import replayed

_OURS = frozenset({"model", "messages", "stream"})
_REFUSABLE = (
    *("tools", "tool_choice", "parallel_tool_calls", "output", "max_tokens", "temperature", "top_p"),
    *("stop", "seed", "reasoning_effort"),
)


class RequestWriter:
    """Writes bodies for one server.

    Args:
        provider: Its name, for messages, and the origin of reasoning that it gets back.
        quirks: How it differs from OpenAI.
    """

    def __init__(self, provider: str, quirks: Quirks) -> None:
        self._provider = provider
        self._quirks = quirks

    def write(self, request: ChatRequest, model: str, *, stream: bool) -> dict[str, Any]:
        """The JSON body. Raises ValidationError for what the API cannot express."""
        self._check(request)
        quirks = self._quirks
        optional = {
            "tools": [_tool(tool) for tool in request.tools] or None,
            "tool_choice": self._tool_choice(request.tool_choice),
            "parallel_tool_calls": request.parallel_tool_calls,
            "response_format": _response_format(request.output),
            quirks.max_tokens_field: request.max_tokens,
            "temperature": request.temperature,
            "top_p": request.top_p,
            "stop": list(request.stop) or None,
            quirks.seed_field: request.seed,
            **self._effort(request.reasoning_effort),
            "stream": True if stream else None,
            "stream_options": {"include_usage": True} if stream and quirks.include_usage else None,
        }
        return {
            "model": model,
            "messages": [self._message(message) for message in request.messages],
            **{name: value for name, value in optional.items() if value is not None},
            **request.extra,
        }

    def _check(self, request: ChatRequest) -> None:
        check_extra(request.extra, _OURS)
        for name in sorted(self._quirks.refuses):
            if name in request.extra or (name in _REFUSABLE and getattr(request, name) not in (None, (), [])):
                raise self._refusal(name)
        most = self._quirks.max_temperature
        if request.temperature is not None and request.temperature > most:
            raise ValidationError(
                f"temperature is {request.temperature}; {self._provider} takes 0 to {most:g}",
                field="temperature",
            )

    def _refusal(self, name: str) -> ValidationError:
        field = "messages" if name in ("images", "audio", "files", "name") else name
        return ValidationError(f"{self._provider} does not take {name!r}; leave it out", field=field)

    def _message(self, message: Message) -> dict[str, Any]:
        written: dict[str, Any] = {"role": message.role, "content": self._content(message)}
        if message.name and message.role != "tool":  # a tool message is known by the call it answers
            if "name" in self._quirks.refuses:
                raise self._refusal("name")
            written["name"] = message.name
        if message.tool_calls:
            written["tool_calls"] = [_tool_call(call) for call in message.tool_calls]
            written["content"] = written["content"] or None
        if message.role == "tool":
            written["tool_call_id"] = call_id(message)
        if message.role == "assistant" and self._quirks.replay != "never":
            written.update(replayed(message, self._provider, self._quirks.replay))
        return written

    def _content(self, message: Message) -> str | list[dict[str, Any]]:
        if isinstance(message.content, str):
            return message.content
        parts = write_parts(message)
        for kind in sorted(_kinds(parts) & self._quirks.refuses):
            raise self._refusal(kind)
        if message.role == "assistant":
            return "".join(part["text"] for part in parts)
        if all(part["type"] == "text" for part in parts) and (len(parts) == 1 or self._quirks.flat_text):
            return "\n\n".join(part["text"] for part in parts)
        return parts

    def _effort(self, effort: str | None) -> dict[str, Any]:
        if effort is None:
            return {}
        outer, _, inner = self._quirks.effort_field.partition(".")
        return {outer: {inner: effort} if inner else effort}

    def _tool_choice(self, choice: str | None) -> str | dict[str, Any] | None:
        if choice is None or choice in ("auto", "none"):
            return choice
        if self._quirks.forced_tool == "refused":
            raise ValidationError(
                f"{self._provider} cannot be made to call a tool: tool_choice is {choice!r}; use 'auto'",
                field="tool_choice",
            )
        if choice == "required":
            return self._quirks.forced_tool
        return {"type": "function", "function": {"name": choice}}


def _kinds(parts: Sequence[dict[str, Any]]) -> set[str]:
    kinds = {"image_url": "images", "input_audio": "audio", "file": "files"}
    return {kinds[part["type"]] for part in parts if part["type"] in kinds}


def _tool(tool: ToolSpec) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


def _tool_call(call: ToolCall) -> dict[str, Any]:
    # A model that calls a tool without arguments may write nothing at all; servers want an object back.
    function = {"name": call.name, "arguments": call.arguments if call.arguments.strip() else "{}"}
    return {"id": call.id, "type": "function", "function": function}


def _response_format(output: JsonOutput | None) -> dict[str, Any] | None:
    if output is None:
        return None
    schema = {"name": output.name, "schema": dict(output.schema), "strict": output.strict}
    return {"type": "json_schema", "json_schema": schema}
