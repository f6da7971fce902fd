"""A model for tests that says what it was told to say."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from threading import Lock
from typing import ClassVar, TypeAlias

from graphbit_core.contracts import API_VERSION
from graphbit_core.types.messages import (
    ChatRequest,
    ChatResponse,
    Delta,
    Message,
    ReasoningPart,
    TextPart,
    ToolCall,
    Usage,
)

Turn: TypeAlias = (
    "str | ToolCall | ReasoningPart | Usage | float | ChatResponse | BaseException"
    " | Sequence[Turn] | Callable[[ChatRequest], Turn]"
)
"""What the model does when it is asked: answers with a text, thinks, asks for a tool, gives a whole response,
or raises. In a sequence, texts, reasoning and tool calls make one response, and an error comes after what
stands before it, as when a stream is cut. A number in it is a wait of so many seconds, a ``Usage`` what the
response used. A callable sees the request first."""


class ScriptedModel:
    """Provider and in-process model in one: answers with its turns, in order, and keeps the requests.

        model = ScriptedModel(["Hello.", ToolCall("1", "add", '{"a": 1}'), RateLimitError("slow down")])

    Texts are streamed word by word. ``requests`` holds every request it got. When the turns are used up it
    fails the test with an AssertionError, unless ``repeat_last`` is set. Tokens are words, where no ``Usage``
    says otherwise. ``can`` names what it is to be able to do besides streams, tools and reasoning, such as
    ``images`` or ``json_output``; a request that needs more is refused, as with any provider.
    """

    graphbit_api: ClassVar[tuple[int, int]] = API_VERSION
    capabilities: frozenset[str] = frozenset({"stream", "tools", "reasoning"})
    default_model: ClassVar[str] = "scripted"

    def __init__(
        self, turns: Iterable[Turn] = (), *, repeat_last: bool = False, can: Collection[str] = ()
    ) -> None:
        self._turns = list(turns)
        self._repeat_last = repeat_last
        self.capabilities = self.capabilities | frozenset(can)
        self._lock = Lock()
        self.requests: list[ChatRequest] = []

    def chat(self, model: str) -> ScriptedModel:
        """Itself, whatever the model."""
        del model
        return self

    def resource(self) -> str:
        """One resource for all of them."""
        return "scripted"

    def respond(self, request: ChatRequest) -> Iterator[Delta | ChatResponse]:
        """Yields the next turn as deltas and, last, the response they spell."""
        turn = self._next(request)
        while callable(turn):
            turn = turn(request)
        if isinstance(turn, ChatResponse):
            yield from _deltas([*_parts(turn.message), *turn.tool_calls])
            yield turn
            return
        parts = list(turn) if isinstance(turn, Sequence) and not isinstance(turn, str) else [turn]
        yield from _deltas(parts)
        yield _response(request, parts)

    def _next(self, request: ChatRequest) -> Turn:
        with self._lock:
            self.requests.append(request)
            index = len(self.requests) - 1
            if self._repeat_last:
                index = min(index, len(self._turns) - 1)
            if not 0 <= index < len(self._turns):
                raise AssertionError(
                    f"the model was asked {len(self.requests)} times; its script has {len(self._turns)} turns"
                )
            return self._turns[index]


def _parts(message: Message) -> list[Turn]:
    """What of a message is streamed."""
    if isinstance(message.content, str):
        return [message.content]
    shown = (part for part in message.content if isinstance(part, TextPart | ReasoningPart))
    return [part.text if isinstance(part, TextPart) else part for part in shown]


def _deltas(parts: Iterable[Turn]) -> Iterator[Delta]:
    calls = 0
    for part in parts:
        if isinstance(part, BaseException):
            raise part
        if isinstance(part, ToolCall):
            yield Delta("tool_call", part.arguments, calls, part)
            calls += 1
        elif isinstance(part, str):
            yield from (Delta("text", word) for word in _words(part))
        elif isinstance(part, ReasoningPart):
            yield from (Delta("reasoning", word) for word in _words(part.text))
        elif isinstance(part, int | float):
            time.sleep(part)
        elif not isinstance(part, Usage):
            raise TypeError(
                "a turn of several parts holds texts, reasoning, tool calls, usage, waits and errors, "
                f"not {part!r}"
            )


def _words(text: str) -> list[str]:
    return re.findall(r"\s*\S+|\s+$", text)


def _response(request: ChatRequest, parts: Sequence[Turn]) -> ChatResponse:
    thought = any(isinstance(part, ReasoningPart) for part in parts)
    text = "".join(part for part in parts if isinstance(part, str))
    calls = [part for part in parts if isinstance(part, ToolCall)]
    asked = sum(len(message.text.split()) for message in request.messages)
    words = Usage(asked, len(text.split()) + sum(len(call.arguments.split()) for call in calls))
    usage = next((part for part in parts if isinstance(part, Usage)), words)
    content = [
        TextPart(part) if isinstance(part, str) else part
        for part in parts
        if isinstance(part, str | ReasoningPart)
    ]
    message = Message("assistant", content if thought else text, tool_calls=calls)
    return ChatResponse(message, "tool_calls" if calls else "stop", usage, model="scripted")
