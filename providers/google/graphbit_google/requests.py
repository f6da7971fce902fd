"""Our chat request as a generateContent body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from graphbit_core import ChatRequest, JsonOutput, ToolSpec, ValidationError
from graphbit_core.wire import check_extra
from graphbit_google.messages import system_instruction, write_messages

Thinking = Literal["level", "budget"]
_LEVELS = ("minimal", "low", "medium", "high", "xhigh")
_BUDGETS = {"none": 0, "minimal": 512, "low": 1024, "medium": 8192, "high": 24576}
_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}
_OURS = frozenset({"contents", "systemInstruction", "model"})
_GENERATION = re.compile(r"(?:models/)?gemini-([0-9]+)")


@dataclass(frozen=True, slots=True)
class Options:
    """See GoogleProvider for what each means."""

    thinking: Thinking | None = None
    include_thoughts: bool = False


def write_request(request: ChatRequest, model: str, options: Options) -> dict[str, Any]:
    """The JSON body. Raises ValidationError for what the API cannot express."""
    if request.parallel_tool_calls is False:
        raise ValidationError(
            "Gemini cannot be held to one tool call per answer; leave parallel_tool_calls unset",
            field="parallel_tool_calls",
        )
    generation = _generation(model)
    kind = options.thinking or ("budget" if 0 < generation < 3 else "level")
    optional = {
        "systemInstruction": system_instruction(request.messages),
        "tools": [{"functionDeclarations": [_tool(tool) for tool in request.tools]}]
        if request.tools
        else None,
        "toolConfig": _tool_config(request.tool_choice),
        "generationConfig": _generation_config(request, kind, options.include_thoughts) or None,
    }
    body = {
        "contents": write_messages(request.messages, signed=generation >= 3),
        **{name: value for name, value in optional.items() if value is not None},
    }
    return _with_extra(body, request.extra)


def _generation(model: str) -> int:
    """The number after ``gemini-``; 0 for a model of another name."""
    found = _GENERATION.match(model)
    return int(found[1]) if found else 0


def _generation_config(request: ChatRequest, kind: Thinking, include_thoughts: bool) -> dict[str, Any]:
    fields = {
        "maxOutputTokens": request.max_tokens,
        "temperature": request.temperature,
        "topP": request.top_p,
        "stopSequences": list(request.stop) or None,
        "seed": request.seed,
        **_output(request.output),
        "thinkingConfig": _thinking_config(request.reasoning_effort, kind, include_thoughts) or None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _output(output: JsonOutput | None) -> dict[str, Any]:
    if output is None:
        return {}
    return {"responseMimeType": "application/json", "responseJsonSchema": dict(output.schema)}


def _thinking_config(effort: str | None, kind: Thinking, include: bool) -> dict[str, Any]:
    config: dict[str, Any] = {"includeThoughts": True} if include else {}
    if effort is None:
        return config
    known = _LEVELS if kind == "level" else tuple(_BUDGETS)
    if effort not in known:
        raise ValidationError(
            f"reasoning_effort is {effort!r}; this model takes one of {', '.join(known)}",
            field="reasoning_effort",
        )
    if kind == "level":
        return {**config, "thinkingLevel": effort.upper()}
    return {**config, "thinkingBudget": _BUDGETS[effort]}


def _tool(tool: ToolSpec) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "parametersJsonSchema": dict(tool.parameters)}


def _tool_config(choice: str | None) -> dict[str, Any] | None:
    if choice is None:
        return None
    config: dict[str, Any] = {"mode": _MODES.get(choice, "ANY")}
    if choice not in _MODES:
        config["allowedFunctionNames"] = [choice]
    return {"functionCallingConfig": config}


def _with_extra(body: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """``extra`` beside our fields: objects are joined, ``tools`` are added; nothing of ours is replaced."""
    check_extra(extra, _OURS)
    for name, value in extra.items():
        ours = body.get(name)
        if ours is None:
            body[name] = value
        elif isinstance(ours, list) and isinstance(value, list):
            body[name] = [*ours, *value]
        elif (
            isinstance(ours, dict)
            and isinstance(value, Mapping)
            and not (twice := ours.keys() & value.keys())
        ):
            body[name] = {**ours, **value}
        else:
            where = (
                f"{name}: {sorted(twice)}" if isinstance(ours, dict) and isinstance(value, Mapping) else name
            )
            raise ValidationError(f"extra sets {where}, which the request sets itself", field="extra")
    return body
