"""A streamed response, put together event by event. Events it does not know are skipped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from graphbit_core import ChatResponse, Delta, Frame, StreamInterruptedError, ToolCall
from graphbit_core.wire import bad_shape, optional_text, read_frame
from graphbit_openai.responses.replies import failure, read_call, read_response

_PIECES = {
    "response.output_text.delta": "text",
    "response.refusal.delta": "refusal",
    "response.reasoning_summary_text.delta": "reasoning",
    "response.reasoning_text.delta": "reasoning",
}


class ResponsesStreamDecoder:
    """State of one streamed response, which is complete when the API says so."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._items: dict[int | str, dict[str, Any]] = {}
        self._calls: dict[int | str, tuple[int, list[str]]] = {}
        self._answer: ChatResponse | None = None
        self._handlers: dict[str, Callable[[dict[str, Any]], list[Delta]]] = {
            "response.output_item.added": self._added,
            "response.function_call_arguments.delta": self._arguments,
            "response.output_item.done": self._done,
            "response.completed": self._ended,
            "response.incomplete": self._ended,
            "response.failed": self._ended,
            "response.cancelled": self._ended,
            "error": self._error,
        }

    def feed(self, frame: Frame) -> Sequence[Delta]:
        """The deltas of one frame. What comes after the end of the response is ignored."""
        if self._answer is not None or not frame.data or frame.data == "[DONE]":
            return ()
        event = read_frame(frame.data)
        kind = str(event.get("type") or frame.event or ("error" if event.get("error") else ""))
        event["type"] = kind
        if piece := _PIECES.get(kind):
            return self._piece(piece, optional_text(event, "delta"))
        handler = self._handlers.get(kind)
        return handler(event) if handler else ()

    def finish(self) -> ChatResponse:
        """The answer. Raises StreamInterruptedError if the API has not ended it."""
        if self._answer is None:
            raise StreamInterruptedError(
                "the stream ended without response.completed", partial="".join(self._said)
            )
        return self._answer

    def _piece(self, kind: Any, text: str) -> list[Delta]:
        if kind != "reasoning":
            self._said.append(text)
        return [Delta(kind, text)] if text else []

    def _added(self, event: dict[str, Any]) -> list[Delta]:
        item = _item(event)
        if item.get("type") != "function_call":
            return []
        call = read_call(item)
        index = len(self._calls)
        self._calls[_place(event)] = (index, [call.arguments])
        return [Delta("tool_call", call.arguments, index, ToolCall(call.id, call.name, ""))]

    def _arguments(self, event: dict[str, Any]) -> list[Delta]:
        place, piece = _place(event), optional_text(event, "delta")
        if place not in self._calls:
            bad_shape("has arguments of a call that did not begin", event)
        index, pieces = self._calls[place]
        pieces.append(piece)
        return [Delta("tool_call", piece, index)]

    def _done(self, event: dict[str, Any]) -> list[Delta]:
        """An item as it is at its end; a call may bring arguments that came in no piece."""
        item, place = _item(event), _place(event)
        self._items[place] = item
        if item.get("type") != "function_call":
            return []
        begun = [] if place in self._calls else self._added({**event, "item": {**item, "arguments": ""}})
        arguments, got = read_call(item).arguments, "".join(self._calls[place][1])
        if not arguments.startswith(got):
            bad_shape("has a call whose arguments are not those of its pieces", item)
        return begun + (
            [] if arguments == got else self._arguments({**event, "delta": arguments[len(got) :]})
        )

    def _ended(self, event: dict[str, Any]) -> list[Delta]:
        """The whole response; text that came in no piece is given now, as some servers send none."""
        response = event.get("response")
        if not isinstance(response, dict):
            bad_shape("has an end without its response", event)
        response = {"status": event["type"].removeprefix("response."), **response}
        if not response.get("output"):
            response["output"] = list(self._items.values())
        self._answer = read_response(response)
        text, said = self._answer.text, "".join(self._said)
        return [Delta("text", text[len(said) :])] if len(text) > len(said) and text.startswith(said) else []

    def _error(self, event: dict[str, Any]) -> list[Delta]:
        """The error itself stands in the event, or under ``error``; the event's type is no type of error."""
        facts = event.get("error") or {name: event.get(name) for name in ("code", "message", "param")}
        raise failure({"error": facts})


def _item(event: dict[str, Any]) -> dict[str, Any]:
    item = event.get("item")
    return item if isinstance(item, dict) else bad_shape("has an event without its item", event)


def _place(event: dict[str, Any]) -> int | str:
    """What tells an item from others: its place or, where a server does not say it, its id."""
    place = event.get("output_index")
    if type(place) is int:
        return place
    item = event.get("item")
    name = item.get("id") if isinstance(item, dict) else event.get("item_id")
    return name if isinstance(name, str) else bad_shape("has an event without output_index", event)
