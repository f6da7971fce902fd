"""Codecs of providers behind HTTP that spoil what comes back."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import Any

from spoiled_requests import Codec

from graphbit_core import (
    ChatRequest,
    ChatResponse,
    DecodeError,
    Delta,
    Frame,
    GraphBitError,
    HttpResponse,
    Message,
    ReasoningPart,
    TextPart,
    Usage,
)


class Decodes(Codec):
    """Changes what a fresh decoder does with frames."""

    def decoder(self) -> Any:
        good, codec = self.good.decoder(), self

        class Decoder:
            def feed(self, frame: Frame) -> Any:
                return codec.fed(good, frame)

            def finish(self) -> ChatResponse:
                answer: ChatResponse = good.finish()
                return answer

        return Decoder()

    def fed(self, good: Any, frame: Frame) -> Any:
        raise NotImplementedError


class KeepsFrames(Decodes):
    def fed(self, good: Any, frame: Frame) -> Any:
        self.kept = [*getattr(self, "kept", ()), frame.data + "."]
        return good.feed(frame)


class KnowsAllEvents(Decodes):
    def fed(self, good: Any, frame: Frame) -> Any:
        if frame.event:
            raise DecodeError(f"an event that was not there in spring: {frame.event}")
        return good.feed(frame)


class ThinksAloud(Decodes):
    def fed(self, good: Any, frame: Frame) -> Any:
        return [replace(delta, kind="text") for delta in good.feed(frame)]


class StumblesOverFrames(Decodes):
    def fed(self, good: Any, frame: Frame) -> Any:
        if frame.data != "[DONE]":
            len(json.loads(frame.data)["choices"])
        return good.feed(frame)


class SharesADecoder(Codec):
    def decoder(self) -> Any:
        self.one = getattr(self, "one", None) or self.good.decoder()
        return self.one


class StumblesOverShapes(Codec):
    def decode(self, response: HttpResponse) -> ChatResponse:
        try:
            answer: ChatResponse = self.good.decode(response)
        except DecodeError as error:
            raise KeyError("candidates") from error
        return answer


class OneCallAtATime(Codec):
    """Keeps in itself what belongs to a call."""

    busy = 0

    def encode(self, request: ChatRequest, *, stream: bool) -> Any:
        self.busy += not stream
        return self.good.encode(request, stream=stream)

    def decode(self, response: HttpResponse) -> ChatResponse:
        answer: ChatResponse = self.good.decode(response)
        self.busy, busy = 0, self.busy
        return answer if busy == 1 else replace(answer, message=Message("assistant", "another's answer"))


class EndsAlike(Codec):
    def decode(self, response: HttpResponse) -> ChatResponse:
        answer: ChatResponse = self.good.decode(response)
        return replace(answer, finish_reason="stop")


class CallsAllAlike(Codec):
    def decode(self, response: HttpResponse) -> ChatResponse:
        answer: ChatResponse = self.good.decode(response)
        calls = [replace(call, id="call") for call in answer.tool_calls]
        return replace(answer, message=replace(answer.message, tool_calls=calls))


class ForgetsUsage(Codec):
    def decode(self, response: HttpResponse) -> ChatResponse:
        return replace(super().decode(response), usage=Usage())


class CountsCachedTwice(Codec):
    def decode(self, response: HttpResponse) -> ChatResponse:
        answer = super().decode(response)
        return replace(answer, usage=replace(answer.usage, cached_tokens=answer.usage.input_tokens + 1))


class HidesTheReply(Codec):
    def decode(self, response: HttpResponse) -> ChatResponse:
        return replace(super().decode(response), raw={})


class SaysItsThoughts(Codec):
    """Takes reasoning for text."""

    def decode(self, response: HttpResponse) -> ChatResponse:
        answer = super().decode(response)
        parts = [
            TextPart(part.text) if isinstance(part, ReasoningPart) and part.text else part
            for part in answer.message.content
        ]
        said: Any = answer.message.content if isinstance(answer.message.content, str) else parts
        return replace(answer, message=replace(answer.message, content=said))


class ErrorsNeedJson(Codec):
    def error(self, response: HttpResponse) -> Any:
        response.json()
        return self.good.error(response)


class LogsReplies(Codec):
    def error(self, response: HttpResponse) -> Any:
        logging.getLogger("kit").debug("the API said %s", response.body)
        return self.good.error(response)


class MixesCalls(Decodes):
    """Takes all fragments for those of one call."""

    def fed(self, good: Any, frame: Frame) -> Any:
        return [replace(delta, index=0) for delta in good.feed(frame)]


class SpellsAnother(Decodes):
    """Its pieces are not those of its answer."""

    def fed(self, good: Any, frame: Frame) -> Any:
        return [replace(delta, text=delta.text.upper()) for delta in good.feed(frame)]


class ReadsAnother(Codec):
    """Says something else when it is streamed."""

    def decoder(self) -> Any:
        good = self.good.decoder()

        class Decoder:
            def feed(self, frame: Frame) -> Any:
                return good.feed(frame)

            def finish(self) -> ChatResponse:
                answer: ChatResponse = good.finish()
                return replace(answer, message=Message("assistant", "another"))

        return Decoder()


class GoesOnAfterErrors(Codec):
    """Takes what it cannot read for a word of the answer."""

    def decoder(self) -> Any:
        good, said = self.good.decoder(), ["so "]

        class Decoder:
            def feed(self, frame: Frame) -> Any:
                try:
                    return good.feed(frame)
                except GraphBitError:
                    said.append("on ")
                    return [Delta("text", "on ")]

            def finish(self) -> ChatResponse:
                return ChatResponse(Message("assistant", "".join(said[1:])))

        return Decoder()


class KeepsAllToTheEnd(Decodes):
    """Gives no piece before the last."""

    def fed(self, good: Any, frame: Frame) -> Any:
        good.feed(frame)
        return []
