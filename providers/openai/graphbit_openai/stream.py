"""A streamed chat completion, put together frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from graphbit_core import ChatResponse, Delta, Frame, Message, StreamInterruptedError, ToolCall
from graphbit_core.wire import bad_shape, optional_list, optional_text, read_frame
from graphbit_openai.errors import error_in_body
from graphbit_openai.quirks import Quirks
from graphbit_openai.reasoning import add_details, content_of, read_chunks, read_thought
from graphbit_openai.replies import finish_reason
from graphbit_openai.usage import read_usage


@dataclass(slots=True)
class _OpenCall:
    """A tool call whose arguments are still arriving; ``position`` is its place by first appearance."""

    position: int
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class OpenAIStreamDecoder:
    """State of one streamed answer."""

    def __init__(self, quirks: Quirks, origin: str) -> None:
        self._quirks = quirks
        self._origin = origin
        self._text: list[str] = []
        self._thought: list[str] = []
        self._details: list[dict[str, Any]] = []
        self._annotations: list[Any] = []
        self._calls: dict[int, _OpenCall] = {}
        self._refused = False
        self._finish: Any = None
        self._usage: Any = None
        self._last: dict[str, Any] = {}
        self._done = False

    def feed(self, frame: Frame) -> Sequence[Delta]:
        """The deltas of one frame. What comes after ``[DONE]`` is ignored."""
        data = frame.data
        if self._done or not data:
            return ()
        if data == "[DONE]":
            self._done = True
            return ()
        chunk = read_frame(data)
        if chunk.get("error"):
            raise error_in_body(chunk["error"])
        choices = chunk.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict) and choice.get("index", 0) == 0:
                delta = choice.get("delta")
                # Nearly every chunk brings a piece of text and nothing else, and is done with here.
                if type(delta) is dict and len(delta) == 1 and choice.get("finish_reason") is None:
                    text = delta.get("content")
                    if type(text) is str and text and chunk.get("usage") is None:
                        self._text.append(text)
                        return (Delta("text", text),)
                self._note(chunk, choice)
                return self._delta(delta) if isinstance(delta, dict) else ()
        self._note(chunk, {})
        return ()

    def finish(self) -> ChatResponse:
        """The answer. Raises StreamInterruptedError if it is not complete."""
        text = "".join(self._text)
        if missing := self._missing():
            raise StreamInterruptedError(f"the stream ended without {missing}", partial=text)
        calls = tuple(self._call(index) for index in sorted(self._calls))
        thought = "".join(self._thought)
        reason = finish_reason(self._finish, self._quirks, refused=self._refused, called=bool(calls))
        raw = {**self._last, "annotations": self._annotations} if self._annotations else self._last
        return ChatResponse(
            message=Message(
                "assistant", content_of(thought, self._details, text, self._origin), tool_calls=calls
            ),
            finish_reason=reason,
            usage=read_usage(self._usage, self._quirks),
            model=str(self._last.get("model") or ""),
            id=str(self._last.get("id") or ""),
            raw=raw,
        )

    def _missing(self) -> str:
        if not self._finish and self._quirks.require_finish:
            return "finish_reason"
        if not self._done and (self._quirks.require_done or not self._finish):
            return "[DONE]"
        return "" if self._text or self._calls or self._thought or self._finish else "an answer"

    def _note(self, chunk: dict[str, Any], choice: dict[str, Any]) -> None:
        """Keeps what a chunk says beside its delta."""
        if choice.get("error"):
            raise error_in_body(choice["error"])
        groq = chunk.get("x_groq")
        groq = groq if isinstance(groq, dict) else {}
        if groq.get("error"):
            raise error_in_body(groq["error"])
        self._last.update(chunk)
        if reason := choice.get("finish_reason"):
            self._finish = reason
        usages = (chunk.get("usage"), groq.get("usage"), choice.get("usage"))
        self._usage = next((usage for usage in usages if isinstance(usage, dict)), self._usage)

    def _delta(self, delta: dict[str, Any]) -> list[Delta]:
        deltas: list[Delta] = []
        content, thought = delta.get("content"), read_thought(delta)
        if isinstance(content, list):
            text, more = read_chunks(content)
            thought += more
        else:
            text = optional_text(delta, "content")
        add_details(self._details, optional_list(delta, "reasoning_details"))
        self._annotations += optional_list(delta, "annotations")
        if thought:
            self._thought.append(thought)
            deltas.append(Delta("reasoning", thought))
        if text:
            self._text.append(text)
            deltas.append(Delta("text", text))
        if refusal := optional_text(delta, "refusal"):
            self._refused = True
            self._text.append(refusal)
            deltas.append(Delta("refusal", refusal))
        for position, call in enumerate(optional_list(delta, "tool_calls")):
            deltas.append(self._tool_call(call, position))
        return deltas

    def _tool_call(self, fragment: Any, position: int) -> Delta:
        if not isinstance(fragment, dict) or not isinstance(fragment.get("function") or {}, dict):
            bad_shape("has a tool call that is not an object", fragment)
        index = self._index(fragment, position)
        function = fragment.get("function") or {}
        new = index not in self._calls
        call = self._calls.setdefault(index, _OpenCall(len(self._calls)))
        call.id = optional_text(fragment, "id") or call.id
        call.name = optional_text(function, "name") or call.name
        piece = optional_text(function, "arguments")
        call.arguments.append(piece)
        return Delta("tool_call", piece, call.position, ToolCall(call.id, call.name, "") if new else None)

    def _index(self, fragment: dict[str, Any], position: int) -> int:
        """Which call a fragment belongs to; where a server does not say, a new id begins a new call."""
        index = fragment.get("index")
        if index is None:
            name = fragment.get("id")
            known = [at for at, call in self._calls.items() if call.id == name]
            if not name:
                return max(self._calls, default=position)
            return known[0] if known else max(self._calls, default=-1) + 1
        if type(index) is not int:
            bad_shape("has a tool call whose index is not a number", fragment)
        return index

    def _call(self, index: int) -> ToolCall:
        call = self._calls[index]
        if not call.name:
            bad_shape("has a tool call without a function name", {"index": index, "id": call.id})
        return ToolCall(call.id, call.name, "".join(call.arguments))
