"""Our chat request as a chat completions body."""

from __future__ import annotations

from base64 import b64encode
from typing import Any, Literal

from graphbit_core import (
    AudioPart,
    ChatRequest,
    FilePart,
    ImagePart,
    JsonOutput,
    Message,
    PassagePart,
    TextPart,
    ToolCall,
    ToolSpec,
    ValidationError,
)

TokenLimitField = Literal["max_completion_tokens", "max_tokens"]
_OURS = frozenset({"model", "messages", "stream"})


def write_request(
    request: ChatRequest, model: str, max_tokens_field: TokenLimitField, *, stream: bool
) -> dict[str, Any]:
    """The JSON body. Raises ValidationError for what the API cannot express."""
    if taken := sorted(_OURS & request.extra.keys()):
        raise ValidationError(f"extra must not hold {taken}; the request sets them itself", field="extra")
    optional = {
        "tools": [_tool(tool) for tool in request.tools] or None,
        "tool_choice": _tool_choice(request.tool_choice),
        "response_format": _response_format(request.output),
        max_tokens_field: request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop": list(request.stop) or None,
        "seed": request.seed,
        "reasoning_effort": request.reasoning_effort,
        "stream": True if stream else None,
        "stream_options": {"include_usage": True} if stream else None,
    }
    return {
        "model": model,
        "messages": [_message(message) for message in request.messages],
        **{name: value for name, value in optional.items() if value is not None},
        **request.extra,
    }


def _message(message: Message) -> dict[str, Any]:
    written: dict[str, Any] = {"role": message.role, "content": _content(message)}
    if message.name and message.role != "tool":  # a tool message is known by the call it answers
        written["name"] = message.name
    if message.tool_calls:
        written["tool_calls"] = [_tool_call(call) for call in message.tool_calls]
        written["content"] = written["content"] or None
    if message.role == "tool":
        if not message.tool_call_id:
            raise ValidationError("a tool message needs the tool_call_id it answers", field="messages")
        written["tool_call_id"] = message.tool_call_id
    return written


def _content(message: Message) -> str | list[dict[str, Any]]:
    if isinstance(message.content, str):
        return message.content
    parts = [_part(part, message.role) for part in message.content]
    sent = [part for part in parts if part is not None]
    if message.role == "assistant":
        return "".join(part["text"] for part in sent)
    if len(sent) == 1 and sent[0]["type"] == "text":
        return str(sent[0]["text"])
    return sent


def _part(part: Any, role: str) -> dict[str, Any] | None:
    """One part; None for reasoning, for which this API has no place."""
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    if isinstance(part, PassagePart):
        return {"type": "text", "text": part.as_text()}
    if isinstance(part, ImagePart | AudioPart | FilePart) and role != "user":
        raise ValidationError(
            f"OpenAI takes a {type(part).__name__} only in user messages, not in a {role} message",
            field="messages",
        )
    if isinstance(part, ImagePart):
        return {"type": "image_url", "image_url": {"url": image_url(part)}}
    if isinstance(part, AudioPart):
        audio = {"data": b64encode(part.data).decode("ascii"), "format": part.format}
        return {"type": "input_audio", "input_audio": audio}
    if isinstance(part, FilePart):
        return {"type": "file", "file": file_fields(part)}
    return None


def image_url(image: ImagePart) -> str:
    """The image's own URL, or one that holds its bytes."""
    if image.url is not None:
        return image.url
    if image.data is None or image.media_type is None:
        raise ValidationError("an image needs a url, or data with its media_type", field="messages")
    return _data_url(image.media_type, image.data)


def file_fields(file: FilePart) -> dict[str, str]:
    """A file as both APIs take it: by its id, or its name and bytes."""
    if file.file_id is not None:
        return {"file_id": file.file_id}
    if file.data is None or file.media_type is None:
        raise ValidationError(
            f"the file {file.name!r} needs a file_id, or data with its media_type", field="messages"
        )
    return {"filename": file.name, "file_data": _data_url(file.media_type, file.data)}


def _data_url(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{b64encode(data).decode('ascii')}"


def _tool(tool: ToolSpec) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


def _tool_call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _tool_choice(choice: str | None) -> str | dict[str, Any] | None:
    if choice is None or choice in ("auto", "none", "required"):
        return choice
    return {"type": "function", "function": {"name": choice}}


def _response_format(output: JsonOutput | None) -> dict[str, Any] | None:
    if output is None:
        return None
    schema = {"name": output.name, "schema": dict(output.schema), "strict": output.strict}
    return {"type": "json_schema", "json_schema": schema}
