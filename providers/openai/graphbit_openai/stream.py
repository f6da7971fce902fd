"""A streamed chat completion, put together frame by frame."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from graphbit_core import (
    ChatResponse,
    DecodeError,
    Delta,
    Frame,
    Message,
    StreamInterruptedError,
    ToolCall,
    Usage,
)
from graphbit_openai.errors import error_in_body
from graphbit_openai.replies import bad_shape, finish_reason, optional_text, read_usage

_parse = json.JSONDecoder().decode
"""``json.loads`` looks at its options first, which counts at one call per chunk."""


@dataclass(slots=True)
class _OpenCall:
    """A tool call whose arguments are still arriving; ``position`` is its place by first appearance."""

    position: int
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class OpenAIStreamDecoder:
    """State of one streamed answer."""

    def __init__(self, require_done: bool = True) -> None:
        self._require_done = require_done
        self._text: list[str] = []
        self._calls: dict[int, _OpenCall] = {}
        self._refused = False
        self._finish: Any = None
        self._usage = Usage()
        self._last: dict[str, Any] = {}
        self._done = False

    def feed(self, frame: Frame) -> Sequence[Delta]:
        """The deltas of one frame. What comes after ``[DONE]`` is ignored."""
        if self._done or not frame.data:
            return ()
        if frame.data == "[DONE]":
            self._done = True
            return ()
        chunk = read_frame(frame.data)
        if chunk.get("error"):
            raise error_in_body(chunk["error"])
        if isinstance(chunk.get("usage"), dict):
            self._usage = read_usage(chunk["usage"])
        choices = chunk.get("choices")
        if not isinstance(choices, list):
            return ()
        self._last.update(chunk)
        for choice in choices:
            if isinstance(choice, dict) and choice.get("index", 0) == 0:
                return self._choice(choice)
        return ()

    def finish(self) -> ChatResponse:
        """The answer. Raises StreamInterruptedError if it is not complete."""
        text = "".join(self._text)
        if self._finish is None or (self._require_done and not self._done):
            missing = "finish_reason" if self._finish is None else "[DONE]"
            raise StreamInterruptedError(f"the stream ended without {missing}", partial=text)
        calls = tuple(self._call(index) for index in sorted(self._calls))
        return ChatResponse(
            message=Message("assistant", text, tool_calls=calls),
            finish_reason=finish_reason(self._finish, refused=self._refused, called=bool(calls)),
            usage=self._usage,
            model=str(self._last.get("model") or ""),
            id=str(self._last.get("id") or ""),
            raw=self._last,
        )

    def _choice(self, choice: dict[str, Any]) -> list[Delta]:
        deltas: list[Delta] = []
        delta = choice.get("delta")
        if isinstance(delta, dict):
            if text := optional_text(delta, "content"):
                self._text.append(text)
                deltas.append(Delta("text", text))
            if refusal := optional_text(delta, "refusal"):
                self._refused = True
                self._text.append(refusal)
                deltas.append(Delta("refusal", refusal))
            for position, call in enumerate(delta.get("tool_calls") or ()):
                deltas.append(self._tool_call(call, position))
        if choice.get("finish_reason") is not None:
            self._finish = choice["finish_reason"]
        return deltas

    def _tool_call(self, fragment: Any, position: int) -> Delta:
        if not isinstance(fragment, dict) or not isinstance(fragment.get("function") or {}, dict):
            bad_shape("has a tool call that is not an object", fragment)
        index = fragment.get("index", position)
        if not isinstance(index, int):
            bad_shape("has a tool call whose index is not a number", fragment)
        function = fragment.get("function") or {}
        new = index not in self._calls
        call = self._calls.setdefault(index, _OpenCall(len(self._calls)))
        call.id = optional_text(fragment, "id") or call.id
        call.name = optional_text(function, "name") or call.name
        piece = optional_text(function, "arguments")
        call.arguments.append(piece)
        return Delta("tool_call", piece, call.position, ToolCall(call.id, call.name, "") if new else None)

    def _call(self, index: int) -> ToolCall:
        call = self._calls[index]
        if not call.name:
            bad_shape("has a tool call without a function name", {"index": index, "id": call.id})
        return ToolCall(call.id, call.name, "".join(call.arguments))


def read_frame(data: str) -> dict[str, Any]:
    """The object that a frame holds. Raises DecodeError."""
    try:
        chunk = _parse(data)
    except (ValueError, RecursionError) as error:
        fault = str(error)  # not chained: it holds the whole frame, which may repeat a credential
    else:
        return chunk if isinstance(chunk, dict) else bad_shape("has a frame that is not an object", chunk)
    raise DecodeError(f"a frame of the stream is not JSON: {fault}", excerpt=data[:200])
