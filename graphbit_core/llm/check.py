"""Finds faults of a request before anything is sent, and what it needs of a provider."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set as AbstractSet

from graphbit_core.errors import ValidationError
from graphbit_core.llm.wanted import Wanted
from graphbit_core.types.messages import AudioPart, ChatRequest, FilePart, ImagePart, Part, ToolSpec

Need = tuple[str, str]
"""A capability, and the field of the request that asks for it."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
"""How a URL begins; one letter and a colon is a drive."""
_OF_PARTS = {ImagePart: "images", AudioPart: "audio", FilePart: "files"}


def check_request(request: ChatRequest) -> tuple[Need, ...]:
    """What ``request`` needs of a provider. Raises ValidationError for values out of range."""
    if not request.messages:
        raise ValidationError("a request needs at least one message", field="messages")
    if request.max_tokens is not None and request.max_tokens < 1:
        raise ValidationError(
            f"max_tokens is {request.max_tokens}; it must be at least 1", field="max_tokens"
        )
    if request.temperature is not None:
        _check_range("temperature", request.temperature, 2)
    if request.top_p is not None:
        _check_range("top_p", request.top_p, 1)
    if request.tool_choice is not None:
        _check_tool_choice(request, request.tool_choice)
    return _needs(request)


def refusal(provider: str, capabilities: AbstractSet[str], needs: tuple[Need, ...]) -> ValidationError | None:
    """Why ``provider`` cannot serve a request with these needs; None if it can."""
    for capability, field in needs:
        if capability not in capabilities:
            return ValidationError(
                f"the provider {provider!r} cannot do {capability!r}, which {field} asks for; "
                f"it can do {sorted(capabilities)}",
                field=field,
            )
    return None


def _needs(request: ChatRequest) -> tuple[Need, ...]:
    needs: list[Need] = []
    for message in request.messages:
        if not isinstance(message.content, str):
            kinds = {type(part) for part in message.content}
            if ImagePart in kinds:
                _check_images(message.content)
            needs += [(name, "messages") for kind, name in _OF_PARTS.items() if kind in kinds]
    if request.tools:
        if wrong := next((tool for tool in request.tools if not isinstance(tool, ToolSpec)), None):
            raise ValidationError(f"a tool of a request is a ToolSpec, not {wrong!r:.80}", field="tools")
        needs.append(("tools", "tools"))
    if request.output is not None and not isinstance(request.output, Wanted):
        needs.append(("json_output", "output"))
    if request.seed is not None:
        needs.append(("seed", "seed"))
    if request.stop:
        needs.append(("stop", "stop"))
    return tuple(needs)


def _check_images(parts: Sequence[Part]) -> None:
    for part in parts:
        if not isinstance(part, ImagePart) or part.url is None:
            continue
        if not isinstance(part.url, str):
            raise ValidationError("the url of an image is text; bytes go into data=…", field="messages")
        if not _SCHEME.match(part.url):
            raise ValidationError(
                f"the url of an image is {part.url!r:.80}, which is no URL; of a file on this machine send "
                "the bytes: ImagePart(data=Path(…).read_bytes(), media_type='image/png')",
                field="messages",
            )


def _check_range(field: str, value: float, most: float) -> None:
    if not 0 <= value <= most:
        raise ValidationError(f"{field} is {value}; it must be 0 to {most}", field=field)


def _check_tool_choice(request: ChatRequest, choice: str) -> None:
    names = [tool.name for tool in request.tools]
    if choice in ("auto", "none") or (choice == "required" and names):
        return
    if choice not in names:
        raise ValidationError(
            f"tool_choice is {choice!r}; it must be 'auto', 'none', 'required' or one of the tools {names}",
            field="tool_choice",
        )
