"""What the rules for providers behind HTTP share: canned answers, the server, and how both are asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from graphbit_core.errors import GraphBitError
from graphbit_core.testing.model_server import ModelServer, Received
from graphbit_core.testing.replies import Reply
from graphbit_core.testing.rules.http.network import ONCE, NetworkConformance, raised
from graphbit_core.testing.rules.provider import AnswerRules
from graphbit_core.types.http import Frame
from graphbit_core.types.messages import ChatRequest, ChatResponse, FinishReason

_CONTENT_TYPE = {"sse": "text/event-stream", "ndjson": "application/x-ndjson"}


@dataclass(frozen=True, slots=True)
class Canned:
    """An answer in the provider's dialect.

    Attributes:
        body: The whole reply, an object to be written as JSON.
        stream: The body of the same answer streamed; empty if the provider cannot stream.
        answer: What both must be read as: its message, finish reason and usage are compared.
    """

    body: Any
    stream: str
    answer: ChatResponse


class HttpRules(NetworkConformance, AnswerRules):
    """What a subclass gives, and how the rules ask."""

    needs: ClassVar[tuple[str, ...]] = ("key_env", "error_body", "text", "endings")
    text: ClassVar[Canned]
    """An answer of text; put a character outside ASCII into it."""
    tools: ClassVar[Canned | None] = None
    """An answer that calls two tools in parallel; where ``tools`` is declared."""
    reasoning: ClassVar[Canned | None] = None
    """An answer with a reasoning part, signed if the API signs; where ``reasoning`` is declared."""
    endings: ClassVar[dict[FinishReason, Any]] = {}
    """Whole replies, an object each, that end for another reason than those above."""
    stream_error: ClassVar[str] = ""
    """A stream that begins to answer and then brings an error; empty if the API has no such thing."""
    other_errors: ClassVar[dict[bytes, type[GraphBitError]]] = {}
    """Bodies with status 200 that are errors, and what they are."""

    marks_failed_tools: ClassVar[bool] = False
    """Whether the API has a mark for the result of a tool that failed."""

    def use(self, instance: Any, folder: Path) -> Any:
        return instance.chat(self.component.default_model).encode(self.request, stream=False)

    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        if not isinstance(getattr(self, "text", None), Canned):
            pytest.fail(f"{type(self).__name__} needs `text`: a Canned answer in the dialect of its API")
        with ModelServer(lambda request: self._answer(self.text, request)) as server:
            self.server = server
            yield

    def client(self, *replies: Reply, **settings: Any) -> Any:
        """A client of the provider, of a server that gives ``replies``."""
        url = self.server.script(*replies) if replies else self.server.url
        return super().client(**{"base_url": url, "policy": ONCE, **self.secret_settings(), **settings})

    @property
    def _codec(self) -> Any:
        return self.make().chat(self.component.default_model)

    def _declares(self, capability: str) -> bool:
        return capability in self.component.capabilities

    @property
    def _streams(self) -> bool:
        return self._has_stream(self.text)

    def _has_stream(self, canned: Canned) -> bool:
        """Whether there is a stream to try. One that is declared and not given fails the rule about that."""
        return self._declares("stream") and bool(canned.stream)

    @property
    def _framing(self) -> str:
        return str(self._codec.framing)

    @property
    def _content_type(self) -> str:
        return _CONTENT_TYPE[self._framing]

    def _streamed(self, body: str) -> Reply:
        return Reply.stream(body, self._content_type)

    def _answer(self, canned: Canned, asked: Received) -> Reply:
        if self._streams:  # some APIs tell by the body that a stream is wanted, some by the path
            streamed = self._codec.encode(self.request, stream=True)
            if asked.body == streamed.body and streamed.url.endswith(asked.path):
                return self._streamed(canned.stream)
        return Reply.json(canned.body)

    def _canned(self) -> list[Canned]:
        return [canned for canned in (self.text, self.tools, self.reasoning) if canned]

    def _streamed_answers(self) -> list[Canned]:
        return [canned for canned in self._canned() if self._has_stream(canned)]

    def _both_ways(self, canned: Canned) -> Iterator[ChatResponse]:
        yield self.client(Reply.json(canned.body)).respond(self.request)
        if self._has_stream(canned):
            yield self.client(self._streamed(canned.stream)).respond(self.request, on_delta=lambda _: None)

    def _errors(self, reply: Reply) -> Iterator[BaseException]:
        yield raised(lambda: self.client(reply).respond(self.request))
        yield raised(lambda: asyncio.run(self.client(reply).respond_async(self.request)))
        if self._streams:
            yield raised(lambda: "".join(self.client(reply).stream(self.request)))

    def _body(self, request: ChatRequest) -> bytes:
        """What is sent for ``request``. Raises ValidationError where it is refused."""
        body: bytes = self._codec.encode(request, stream=False).body
        return body

    def _frames(self, body: str) -> list[Frame]:
        """The frames of a streamed body, as the kernel cuts it."""
        if self._framing == "ndjson":
            return [Frame(line) for line in body.splitlines() if line.strip()]
        frames = []
        for block in body.replace("\r\n", "\n").split("\n\n"):
            fields = [line.partition(":")[::2] for line in block.split("\n") if line and line[0] != ":"]
            data = [value.removeprefix(" ") for name, value in fields if name == "data"]
            names = [value.removeprefix(" ") for name, value in fields if name == "event"]
            if data:
                frames.append(Frame("\n".join(data), names[-1] if names else ""))
        return frames


def check_same(answer: Any, expected: ChatResponse) -> None:
    """Message, finish reason and usage are what was expected."""
    assert isinstance(answer, ChatResponse), f"no answer was read: {answer!r:.200}"
    for part in ("message", "finish_reason", "usage"):
        read, wanted = getattr(answer, part), getattr(expected, part)
        assert read == wanted, f"{part} is {read!r:.300}, the Canned answer has {wanted!r:.300}"
