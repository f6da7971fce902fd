"""A streamed message, put together event by event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from graphbit_anthropic.errors import error_in_body
from graphbit_anthropic.replies import arguments_of, read_message
from graphbit_core import ChatResponse, Delta, Frame, StreamInterruptedError, ToolCall
from graphbit_core.wire import bad_shape, read_frame, required_text

_NOTHING: Sequence[Delta] = ()


@dataclass(slots=True)
class _Block:
    """A block that is still arriving: as it began, and the pieces of the field that grows."""

    start: dict[str, Any]
    grows: str = ""
    call: int = -1
    """Which tool call it is, counted from 0; -1 if it is none."""
    pieces: list[str] = field(default_factory=list)

    def whole(self) -> dict[str, Any]:
        """The block as a reply that is not streamed has it."""
        if not any(self.pieces):
            return self.start
        grown = "".join(self.pieces)
        if self.grows != "input":  # a text may begin in the first event; the input there is a place-holder
            grown = str(self.start.get(self.grows) or "") + grown
        return {**self.start, self.grows: grown}


_GROWS = {"text": "text", "thinking": "thinking", "tool_use": "input", "server_tool_use": "input"}
"""Kind of block → the field that its deltas extend."""

_KIND: dict[str, Any] = {"text": "text", "thinking": "reasoning", "tool_use": "tool_call"}
"""Kind of block → the kind of our deltas; the others make none."""


class AnthropicStreamDecoder:
    """State of one streamed message.

    ``message_start`` may be missing: it holds no part of the answer, and llama.cpp leaves it out where the
    first token is not yet a whole character.
    """

    def __init__(self) -> None:
        self._message: dict[str, Any] = {}
        self._blocks: dict[int, _Block] = {}
        self._calls = 0
        self._unknown: list[dict[str, Any]] = []
        self._stopped = False

    def feed(self, frame: Frame) -> Sequence[Delta]:
        """The deltas of one event. What comes after ``message_stop`` is ignored."""
        if self._stopped or not frame.data:
            return _NOTHING
        event = read_frame(frame.data)
        kind = event.get("type")
        if kind == "content_block_delta":
            return self._delta(event)
        if kind == "content_block_start":
            return self._start(event)
        if kind == "content_block_stop":
            return self._end(event)
        if kind == "message_stop":
            self._stopped = True
        elif kind == "message_start":
            message = event.get("message")
            self._message = dict(message) if isinstance(message, dict) else bad_shape("is no message", event)
        elif kind == "message_delta":
            self._finish(event)
        elif kind == "error" or event.get("error"):
            raise error_in_body(event)
        elif kind != "ping":
            self._unknown.append(event)
        return _NOTHING

    def finish(self) -> ChatResponse:
        """The answer. Raises StreamInterruptedError if it is not complete."""
        blocks = [self._blocks[index].whole() for index in sorted(self._blocks)]
        if not self._stopped:
            partial = "".join(str(block.get("text")) for block in blocks if block.get("type") == "text")
            raise StreamInterruptedError("the stream ended without message_stop", partial=partial)
        message = {**self._message, "content": blocks}
        if self._unknown:
            message["unknown_events"] = self._unknown
        return read_message(message)

    def _start(self, event: dict[str, Any]) -> Sequence[Delta]:
        block = event.get("content_block")
        index = event.get("index")
        if not isinstance(block, dict) or type(index) is not int or index in self._blocks:
            bad_shape("has a content block that is not an object with an index of its own", event)
        kind = block.get("type")
        opened = self._blocks[index] = _Block(dict(block), _GROWS.get(str(kind), ""))
        if kind == "tool_use":
            opened.call, self._calls = self._calls, self._calls + 1
            call = ToolCall(required_text(block, "id"), required_text(block, "name"), "")
            return (Delta("tool_call", "", opened.call, call),)
        if kind in ("text", "thinking") and (text := required_text(block, opened.grows)):
            return (Delta(_KIND[kind], text),)
        return _NOTHING

    def _delta(self, event: dict[str, Any]) -> Sequence[Delta]:
        delta = event.get("delta")
        block = self._blocks.get(event["index"]) if type(event.get("index")) is int else None
        if block is None or not isinstance(delta, dict):
            bad_shape("has a delta of a block that was not begun", event)
        kind = delta.get("type")
        if kind == "text_delta" and block.grows == "text":
            piece = required_text(delta, "text")
        elif kind == "input_json_delta" and block.grows == "input":
            piece = required_text(delta, "partial_json")
        elif kind == "thinking_delta" and block.grows == "thinking":
            piece = required_text(delta, "thinking")
        else:
            _keep(delta, block.start)
            return _NOTHING
        block.pieces.append(piece)
        shown = _KIND.get(block.start["type"])
        return (Delta(shown, piece, max(block.call, 0)),) if shown and piece else _NOTHING

    def _end(self, event: dict[str, Any]) -> Sequence[Delta]:
        """A call without arguments brings no pieces; then what the block began with holds."""
        block = self._blocks.get(event["index"]) if type(event.get("index")) is int else None
        if block is None or block.call < 0 or any(block.pieces):
            return _NOTHING
        return (Delta("tool_call", arguments_of(block.start), block.call),)

    def _finish(self, event: dict[str, Any]) -> None:
        """Stop reason and usage; counts are totals and overwrite, but what is left out stays."""
        delta, usage = event.get("delta"), event.get("usage")
        if isinstance(delta, dict):
            self._message.update(delta)
        if isinstance(usage, dict):
            before = self._message.get("usage")
            told = {name: value for name, value in usage.items() if value is not None}
            self._message["usage"] = {**before, **told} if isinstance(before, dict) else told


def _keep(delta: dict[str, Any], block: dict[str, Any]) -> None:
    """A delta that is no piece of text: a signature, a citation, or something new."""
    kind = delta.get("type")
    if kind == "signature_delta" and block.get("type") == "thinking":
        block["signature"] = required_text(delta, "signature")
    elif kind == "citations_delta":
        block["citations"] = [*(block.get("citations") or ()), delta.get("citation")]
    else:
        block.setdefault("unknown_deltas", []).append(delta)
