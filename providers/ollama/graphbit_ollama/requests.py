"""Our chat request as the body of an ``/api/chat`` request."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphbit_core import (
    ChatRequest,
    ImagePart,
    Message,
    PassagePart,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolSpec,
    ValidationError,
    arguments_object,
)

ORIGIN = "ollama"


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
        "messages": list(_messages(request.messages)),
        "stream": stream,
        **{name: value for name, value in optional.items() if value is not None},
    }
    extra = {name: value for name, value in request.extra.items() if name != "options"}
    _refuse_twice(written, extra)
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
    _refuse_twice(written, extra)
    return {**options.model, **written, **extra}


def _refuse_twice(written: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
    if taken := sorted(written.keys() & extra.keys()):
        raise ValidationError(f"extra must not hold {taken}; the request sets them itself", field="extra")


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


def _messages(messages: Sequence[Message]) -> Iterator[dict[str, Any]]:
    names: dict[str, str] = {}
    """Id of a call → its tool. The API knows no ids: a result is known by its tool and its place."""
    for message in messages:
        written: dict[str, Any] = {"role": message.role, **_content(message)}
        if message.tool_calls:
            written["tool_calls"] = [_tool_call(call) for call in message.tool_calls]
            names.update((call.id, call.name) for call in message.tool_calls)
        if message.role == "tool":
            written["tool_name"] = message.name or names.get(message.tool_call_id or "")
            if not written["tool_name"]:
                raise ValidationError(
                    "a tool message needs the name of its tool, or the tool_call_id of a call before it",
                    field="messages",
                )
        yield written


def _content(message: Message) -> dict[str, Any]:
    parts = (TextPart(message.content),) if isinstance(message.content, str) else message.content
    texts: list[str] = []
    images: list[str] = []
    thoughts: list[str] = []
    for part in parts:
        if isinstance(part, TextPart):
            texts.append(part.text)
        elif isinstance(part, PassagePart):
            texts.append(part.as_text() + "\n\n")
        elif isinstance(part, ImagePart):
            images.append(_image(part))
        elif not isinstance(part, ReasoningPart):
            raise ValidationError(
                f"Ollama takes text and images, not a {type(part).__name__}", field="messages"
            )
        elif part.origin == ORIGIN:
            thoughts.append(part.text)
    optional = {"images": images, "thinking": "".join(thoughts)}
    return {"content": "".join(texts), **{name: value for name, value in optional.items() if value}}


def _image(image: ImagePart) -> str:
    if image.data is None:
        raise ValidationError(
            "Ollama fetches no images; read the image and pass it as data", field="messages"
        )
    return b64encode(image.data).decode("ascii")


def _tool_call(call: ToolCall) -> dict[str, Any]:
    return {"function": {"name": call.name, "arguments": arguments_object(call.arguments)}}
