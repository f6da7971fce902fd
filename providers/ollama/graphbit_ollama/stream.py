"""A streamed answer, put together line by line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from graphbit_core import ChatResponse, Delta, Frame, StreamInterruptedError, ToolCall
from graphbit_core.wire import optional_text, read_frame
from graphbit_ollama.errors import error_in_body
from graphbit_ollama.replies import answer, read_calls


class OllamaStreamDecoder:
    """State of one streamed answer."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._calls: list[ToolCall] = []
        self._last: dict[str, Any] | None = None

    def feed(self, frame: Frame) -> Sequence[Delta]:
        """The deltas of one line. What comes after the line that is ``done`` is ignored."""
        if self._last is not None or not frame.data.strip():
            return ()
        body = read_frame(frame.data)
        if body.get("error"):
            raise error_in_body(body)
        message = body.get("message")
        deltas = self._message(message, body) if isinstance(message, dict) else ()
        if body.get("done") is True:
            self._last = body
        return deltas

    def finish(self) -> ChatResponse:
        """The answer. Raises StreamInterruptedError if it is not complete."""
        text = "".join(self._text)
        if self._last is None:
            raise StreamInterruptedError("the stream ended without a line that is done", partial=text)
        return answer(text, "".join(self._thinking), self._calls, self._last)

    def _message(self, message: dict[str, Any], body: dict[str, Any]) -> Sequence[Delta]:
        deltas: list[Delta] = []
        if thought := optional_text(message, "thinking"):
            self._thinking.append(thought)
            deltas.append(Delta("reasoning", thought))
        if text := optional_text(message, "content"):
            self._text.append(text)
            deltas.append(Delta("text", text))
        if message.get("tool_calls"):
            for call in read_calls(message, body, len(self._calls)):
                opening = replace(call, arguments="")
                deltas.append(Delta("tool_call", call.arguments, len(self._calls), opening))
                self._calls.append(call)
        return deltas
