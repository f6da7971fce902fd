"""Codecs of providers behind HTTP that spoil what is sent, or believe what comes."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from graphbit_core import (
    AudioPart,
    ChatRequest,
    ChatResponse,
    Frame,
    HttpResponse,
    ImagePart,
    Message,
    ReasoningPart,
    TransportError,
    UnavailableError,
)


class Codec:
    """OpenAI's codec, to be spoiled."""

    framing = "sse"

    def __init__(self, good: Any) -> None:
        self.good = good

    def encode(self, request: ChatRequest, *, stream: bool) -> Any:
        return self.good.encode(request, stream=stream)

    def decode(self, response: HttpResponse) -> ChatResponse:
        answer: ChatResponse = self.good.decode(response)
        return answer

    def decoder(self) -> Any:
        return self.good.decoder()

    def error(self, response: HttpResponse) -> Any:
        return self.good.error(response)


class ForgetsTheSeed(Codec):
    def encode(self, request: ChatRequest, *, stream: bool) -> Any:
        return self.good.encode(replace(request, seed=None), stream=stream)


class Counts(Codec):
    def encode(self, request: ChatRequest, *, stream: bool) -> Any:
        self.count = getattr(self, "count", 0) + 1
        return self.good.encode(replace(request, extra={"n": self.count}), stream=stream)


class TakesAnyEnd(Codec):
    def decoder(self) -> Any:
        good = self.good.decoder()

        class Decoder:
            def feed(self, frame: Frame) -> Any:
                return good.feed(frame)

            def finish(self) -> ChatResponse:
                for event in ({"choices": [{"delta": {}, "finish_reason": "stop"}]}, "[DONE]"):
                    good.feed(Frame(event if isinstance(event, str) else json.dumps(event)))
                answer: ChatResponse = good.finish()
                return answer

        return Decoder()


class TakesAnyBody(Codec):
    def decode(self, response: HttpResponse) -> ChatResponse:
        return ChatResponse(Message("assistant", response.body.decode("utf-8", "replace")))


class EveryErrorIsUnavailable(Codec):
    def error(self, response: HttpResponse) -> Any:
        return UnavailableError("scripted", status=response.status)


class KeyInTheUrl(Codec):
    def encode(self, request: ChatRequest, *, stream: bool) -> Any:
        sent = self.good.encode(request, stream=stream)
        return replace(sent, url=f"{sent.url}?key={sent.headers['authorization'][7:]}")


class Rewrites(Codec):
    """Changes the request before it is encoded."""

    def encode(self, request: ChatRequest, *, stream: bool) -> Any:
        return self.good.encode(self.rewritten(request), stream=stream)

    def rewritten(self, request: ChatRequest) -> ChatRequest:
        raise NotImplementedError


class ForgetsTheEffort(Rewrites):
    def rewritten(self, request: ChatRequest) -> ChatRequest:
        return replace(request, reasoning_effort=None)


class ForgetsTheChoice(Rewrites):
    def rewritten(self, request: ChatRequest) -> ChatRequest:
        return replace(request, tool_choice="auto" if request.tool_choice else None)


class TakesOneAtATimeForGranted(Rewrites):
    def rewritten(self, request: ChatRequest) -> ChatRequest:
        return replace(request, parallel_tool_calls=None)


class Messages(Rewrites):
    """Changes each message."""

    def rewritten(self, request: ChatRequest) -> ChatRequest:
        return replace(request, messages=[self.message(message) for message in request.messages])

    def message(self, message: Message) -> Message:
        raise NotImplementedError


class ForgetsSound(Messages):
    def message(self, message: Message) -> Message:
        parts: Any = [part for part in message.content if not isinstance(part, AudioPart)]
        return message if isinstance(message.content, str) else replace(message, content=parts)


class ForgetsAddresses(Messages):
    def message(self, message: Message) -> Message:
        if isinstance(message.content, str):
            return message
        kept = [part for part in message.content if not (isinstance(part, ImagePart) and part.url)]
        return replace(message, content=kept)


class ForgetsSignatures(Messages):
    def message(self, message: Message) -> Message:
        return replace(message, tool_calls=[replace(call, signature=None) for call in message.tool_calls])


class SendsReasoningOfAll(Messages):
    def message(self, message: Message) -> Message:
        parts: Any = [
            replace(part, origin="gemini") if isinstance(part, ReasoningPart) else part
            for part in message.content
        ]
        return message if isinstance(message.content, str) else replace(message, content=parts)


class ForgetsFailedResults(Messages):
    def message(self, message: Message) -> Message:
        return replace(message, content="") if message.is_error else message


class HidesMalformedArguments(Messages):
    def message(self, message: Message) -> Message:
        calls = [
            call if call.arguments.endswith("}") else replace(call, arguments="{}")
            for call in message.tool_calls
        ]
        return replace(message, tool_calls=calls)


class ForgetsLateInstructions(Messages):
    def message(self, message: Message) -> Message:
        return replace(message, role="user", content="x") if message.role == "system" else message


class NeverMarksFailures(Messages):
    """Does not say that a tool failed."""

    def message(self, message: Message) -> Message:
        return replace(message, is_error=False)


class ConnectsItself(Codec):
    """Tries the address before the request, and tells of it."""

    def encode(self, request: ChatRequest, *, stream: bool) -> Any:
        sent = self.good.encode(request, stream=stream)
        address = urlsplit(sent.url)
        try:
            socket.create_connection((address.hostname, address.port), 1).close()
        except OSError as error:
            raise TransportError(f"nobody answers at {sent.url}") from error
        return sent
