"""Our chat request as the body of a messages request."""

from __future__ import annotations

from typing import Any

from graphbit_anthropic.messages import write_messages
from graphbit_anthropic.options import Options
from graphbit_anthropic.reasoning import write_reasoning
from graphbit_core import ChatRequest, ToolSpec, ValidationError
from graphbit_core.wire import check_extra

_SAMPLING = ("temperature", "top_p", "top_k")


def write_request(request: ChatRequest, model: str, options: Options, *, stream: bool) -> dict[str, Any]:
    """The JSON body. Raises ValidationError for what the API cannot express."""
    _check_sampling(request, options)
    if request.seed is not None:
        raise ValidationError("Anthropic knows no seed; leave it out", field="seed")
    mark = _cache_mark(options) if request.cache else None
    thinking = write_reasoning(request, model, options)
    output_config = thinking.pop("output_config", {}) | _output_format(request)
    optional = {
        "tools": _tools(request, options, mark) or None,
        "tool_choice": _tool_choice(request),
        "output_config": output_config or None,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop_sequences": list(request.stop) or None,
        "stream": True if stream else None,
    }
    written = {
        "model": model,
        **thinking,
        **write_messages(request.messages, mark),
        **{name: value for name, value in optional.items() if value is not None},
    }
    check_extra(request.extra, {"stream"} | written.keys())
    return {**written, **request.extra}


def _check_sampling(request: ChatRequest, options: Options) -> None:
    asked = [name for name in _SAMPLING if getattr(request, name, None) is not None or name in request.extra]
    if asked and not options.sampling:
        raise ValidationError(
            f"this version of the API takes no {', '.join(asked)}; leave it out, or make the provider with "
            "sampling=True for servers and models that do",
            field=asked[0],
        )
    if request.temperature is not None and not 0 <= request.temperature <= 1:
        raise ValidationError(
            f"temperature is {request.temperature}; for Anthropic it is 0 to 1", field="temperature"
        )


def _tools(request: ChatRequest, options: Options, mark: dict[str, str] | None) -> list[dict[str, Any]]:
    tools = [_tool(tool, options.strict_tools) for tool in request.tools]
    if mark and tools:
        tools[-1]["cache_control"] = mark
    return tools


def _tool(tool: ToolSpec, strict: bool) -> dict[str, Any]:
    written = {"name": tool.name, "description": tool.description, "input_schema": dict(tool.parameters)}
    return {**written, "strict": True} if strict else written


def _tool_choice(request: ChatRequest) -> dict[str, Any] | None:
    choice, parallel = request.tool_choice, request.parallel_tool_calls
    if choice == "none":
        return {"type": "none"}
    if choice is None and parallel is None:
        return None
    kinds = {None: "auto", "auto": "auto", "required": "any"}
    written = {"type": kinds[choice]} if choice in kinds else {"type": "tool", "name": choice}
    return written if parallel is None else {**written, "disable_parallel_tool_use": not parallel}


def _output_format(request: ChatRequest) -> dict[str, Any]:
    if request.output is None:
        return {}
    return {"format": {"type": "json_schema", "schema": dict(request.output.schema)}}


def _cache_mark(options: Options) -> dict[str, str]:
    return {"type": "ephemeral", **({"ttl": options.cache_ttl} if options.cache_ttl else {})}
