"""Finds faults of a request before anything is sent."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from graphbit_core.errors import ValidationError
from graphbit_core.types.messages import AudioPart, ChatRequest, FilePart, ImagePart


def check_request(request: ChatRequest, provider: str, capabilities: AbstractSet[str]) -> None:
    """Raises ValidationError for values out of range and for what ``provider`` cannot do."""
    if not request.messages:
        raise ValidationError("a request needs at least one message", field="messages")
    if request.max_tokens is not None and request.max_tokens < 1:
        raise ValidationError(
            f"max_tokens is {request.max_tokens}; it must be at least 1", field="max_tokens"
        )
    _check_range("temperature", request.temperature, 2)
    _check_range("top_p", request.top_p, 1)
    _check_tool_choice(request)
    for capability, field, asked in _asked(request):
        if asked and capability not in capabilities:
            raise ValidationError(
                f"the provider {provider!r} cannot do {capability!r}, which {field} asks for; "
                f"it can do {sorted(capabilities)}",
                field=field,
            )


def _asked(request: ChatRequest) -> tuple[tuple[str, str, bool], ...]:
    kinds = {
        type(part)
        for message in request.messages
        if not isinstance(message.content, str)
        for part in message.content
    }
    return (
        ("tools", "tools", bool(request.tools)),
        ("json_output", "output", request.output is not None),
        ("images", "messages", ImagePart in kinds),
        ("audio", "messages", AudioPart in kinds),
        ("files", "messages", FilePart in kinds),
        ("seed", "seed", request.seed is not None),
        ("stop", "stop", bool(request.stop)),
    )


def _check_range(field: str, value: float | None, most: float) -> None:
    if value is not None and not 0 <= value <= most:
        raise ValidationError(f"{field} is {value}; it must be 0 to {most}", field=field)


def _check_tool_choice(request: ChatRequest) -> None:
    choice, names = request.tool_choice, [tool.name for tool in request.tools]
    if choice is None or choice in ("auto", "none"):
        return
    if choice == "required" and names:
        return
    if choice not in names:
        raise ValidationError(
            f"tool_choice is {choice!r}; it must be 'auto', 'none', 'required' or one of the tools {names}",
            field="tool_choice",
        )
