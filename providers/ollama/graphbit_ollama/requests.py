"""Our chat request as the body of an ``/api/chat`` request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphbit_core import ChatRequest, ToolSpec, ValidationError
from graphbit_core.wire import check_extra
from graphbit_ollama.messages import write_messages


@dataclass(frozen=True, slots=True)
class Options:
    """See OllamaProvider for what each means."""

    model: Mapping[str, Any] = field(default_factory=dict)
    keep_alive: float | str | None = None


def write_request(request: ChatRequest, model: str, options: Options, *, stream: bool) -> dict[str, Any]:
    """The JSON body. Raises ValidationError for what the API cannot express."""
    optional = {
        "tools": _tools(request) or None,
        "think": _think(request.reasoning_effort),
        "format": dict(request.output.schema) if request.output else None,
        "options": _options(request, options) or None,
        "keep_alive": options.keep_alive,
    }
    written = {
        "model": model,
        "messages": list(write_messages(request.messages)),
        "stream": stream,
        **{name: value for name, value in optional.items() if value is not None},
    }
    extra = {name: value for name, value in request.extra.items() if name != "options"}
    check_extra(extra, written)
    return {**written, **extra}


def _options(request: ChatRequest, options: Options) -> dict[str, Any]:
    asked = {
        "num_predict": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "seed": request.seed,
        "stop": list(request.stop) or None,
    }
    written = {name: value for name, value in asked.items() if value is not None}
    extra = request.extra.get("options") or {}
    if not isinstance(extra, Mapping):
        raise ValidationError("options in extra must be a mapping of names and values", field="extra")
    check_extra(extra, written)
    return {**options.model, **written, **extra}


def _think(effort: str | None) -> bool | str | None:
    return False if effort == "none" else effort


def _tools(request: ChatRequest) -> list[dict[str, Any]]:
    """The tools; none where none may be called, since the API has no choice of tools."""
    if request.tool_choice not in (None, "auto", "none"):
        raise ValidationError(
            f"tool_choice is {request.tool_choice!r}; Ollama knows no choice of tools, so it is auto or none",
            field="tool_choice",
        )
    if request.parallel_tool_calls is False and request.tools:
        raise ValidationError(
            "Ollama cannot be held to one tool at a time; leave parallel_tool_calls out",
            field="parallel_tool_calls",
        )
    return [] if request.tool_choice == "none" else [_tool(tool) for tool in request.tools]


def _tool(tool: ToolSpec) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}
