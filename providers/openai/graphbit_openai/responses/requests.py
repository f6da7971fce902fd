"""Our chat request as a body of the responses API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from graphbit_core import ChatRequest, JsonOutput, ToolSpec, ValidationError
from graphbit_core.wire import check_extra
from graphbit_openai.responses.messages import write_items

Summary = Literal["auto", "concise", "detailed"]
ENCRYPTED = "reasoning.encrypted_content"
_OURS = frozenset({"model", "input", "instructions", "stream", "background"})
_DO_NOT_REASON = ("gpt-3.5", "gpt-4", "gpt-5-chat")
"""Beginnings of the names of models that refuse to be asked for their reasoning."""


@dataclass(frozen=True, slots=True)
class Options:
    """What all requests of a provider share."""

    store: bool = False
    reasoning_summary: Summary | None = None
    return_reasoning: bool | None = None

    def include(self, model: str) -> list[str] | None:
        """What a reply should hold beside the answer."""
        asked = self.return_reasoning
        if asked is None:
            asked = not self.store and not model.startswith(_DO_NOT_REASON)
        return [ENCRYPTED] if asked else None


def write_request(request: ChatRequest, model: str, options: Options, *, stream: bool) -> dict[str, Any]:
    """The JSON body. Raises ValidationError for what the API cannot express."""
    _check(request)
    stored = bool(request.extra.get("store", options.store))
    instructions, items = write_items(request.messages, stored=stored)
    optional = {
        "instructions": instructions,
        "tools": [_tool(tool) for tool in request.tools] or None,
        "tool_choice": _tool_choice(request.tool_choice),
        "parallel_tool_calls": request.parallel_tool_calls,
        "text": _text(request.output),
        "reasoning": _reasoning(request.reasoning_effort, options.reasoning_summary),
        "max_output_tokens": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "include": options.include(model),
        "stream": True if stream else None,
    }
    body = {name: value for name, value in optional.items() if value is not None}
    return _joined({"model": model, "input": items, "store": options.store, **body}, request.extra)


def _check(request: ChatRequest) -> None:
    check_extra(request.extra, _OURS)
    for name, asked in (("stop", bool(request.stop)), ("seed", request.seed is not None)):
        if asked:
            raise ValidationError(
                f"the responses API has no {name}; leave it out, or use the chat completions API", field=name
            )


def _joined(ours: dict[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """``ours`` with ``theirs``: objects and lists that both have are joined, else theirs counts."""
    body = dict(ours)
    for name, value in theirs.items():
        own = ours.get(name)
        if isinstance(own, dict) and isinstance(value, Mapping):
            body[name] = {**own, **value}
        elif isinstance(own, list) and isinstance(value, list | tuple):
            body[name] = [*own, *(part for part in value if part not in own)]
        else:
            body[name] = value
    return body


def _tool(tool: ToolSpec) -> dict[str, Any]:
    """``strict`` must be said: left out, this API takes it for true, and then most schemas are refused."""
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": dict(tool.parameters),
        "strict": False,
    }


def _tool_choice(choice: str | None) -> str | dict[str, Any] | None:
    if choice is None or choice in ("auto", "none", "required"):
        return choice
    return {"type": "function", "name": choice}


def _text(output: JsonOutput | None) -> dict[str, Any] | None:
    if output is None:
        return None
    schema = {"name": output.name, "schema": dict(output.schema), "strict": output.strict}
    return {"format": {"type": "json_schema", **schema}}


def _reasoning(effort: str | None, summary: Summary | None) -> dict[str, str] | None:
    asked = {"effort": effort, "summary": summary}
    return {name: value for name, value in asked.items() if value is not None} or None
