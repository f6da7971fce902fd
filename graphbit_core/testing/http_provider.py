"""Rules for providers behind HTTP, tried against a scripted server on this machine."""

from __future__ import annotations

import asyncio
import logging
import pickle
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from graphbit_core.errors import (
    AuthError,
    BadRequestError,
    ConfigError,
    DecodeError,
    GraphBitError,
    ProviderError,
    RateLimitError,
    StreamInterruptedError,
    TransportError,
    UnavailableError,
    ValidationError,
)
from graphbit_core.testing.component import CANARY
from graphbit_core.testing.model_server import ModelServer
from graphbit_core.testing.provider import ProviderConformance
from graphbit_core.testing.replies import Reply
from graphbit_core.types.messages import (
    ChatRequest,
    ChatResponse,
    Delta,
    ImagePart,
    JsonOutput,
    Message,
    ReasoningPart,
    TextPart,
    ToolSpec,
)

_ONCE = {"max_attempts": 1}
_CONTENT_TYPE = {"sse": "text/event-stream", "ndjson": "application/x-ndjson"}
_STATUSES: dict[int, type[ProviderError]] = {
    400: BadRequestError,
    401: AuthError,
    403: AuthError,
    404: BadRequestError,
    408: UnavailableError,
    413: BadRequestError,
    422: BadRequestError,
    429: RateLimitError,
    500: UnavailableError,
    502: UnavailableError,
    503: UnavailableError,
    529: UnavailableError,
}
_GARBAGE = (b"", b"{}", b"[]", b"null", b'"text"', b"17", b"<html>busy</html>", b"\x00\xff\xfe", b'{"a":')


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


class HttpProviderConformance(ProviderConformance):
    """Rules for providers behind HTTP. Give canned answers in the dialect of the API."""

    key_env: ClassVar[str]
    """The environment variable the key is read from."""
    key_required: ClassVar[bool] = True
    """Whether the API wants a key at all."""
    text: ClassVar[Canned]
    """An answer of text; put a character outside ASCII into it."""
    tools: ClassVar[Canned | None] = None
    """An answer that calls two tools in parallel; where ``tools`` is declared."""
    reasoning: ClassVar[Canned | None] = None
    """An answer with a reasoning part before its text; where ``reasoning`` is declared."""
    stream_error: ClassVar[str] = ""
    """A stream that begins to answer and then brings an error; empty if the API has no such thing."""
    other_errors: ClassVar[dict[bytes, type[GraphBitError]]] = {}
    """Bodies with status 200 that are errors, and what they are."""

    def error_body(self, message: str) -> Any:
        """An error reply that says ``message``."""
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        with ModelServer(lambda request: self._answer(self.text, request.body)) as server:
            self.server = server
            yield

    def make(self, **settings: Any) -> Any:
        """A fresh instance, with a key."""
        return super().make(**{**self.secret_settings(), **settings})

    def client(self, *replies: Reply, **settings: Any) -> Any:
        """A client of the provider, of a server that gives ``replies``."""
        url = self.server.script(*replies) if replies else self.server.url
        return super().client(**{"base_url": url, "policy": _ONCE, **self.secret_settings(), **settings})

    def secret_settings(self) -> dict[str, Any]:
        return {"api_key": CANARY}

    # --- keys and addresses ---

    def test_takes_its_key_from_the_environment_and_names_the_variable_when_it_is_missing(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(self.key_env, "sk-from-the-environment")
        self.component()
        monkeypatch.delenv(self.key_env)
        if not self.key_required:
            self.component()
            return
        with pytest.raises(ConfigError, match=self.key_env):
            self.component()

    def test_refuses_plain_http_to_another_machine_unless_it_is_allowed(self) -> None:
        with pytest.raises(ConfigError, match="allow_insecure"):
            self.make(base_url="http://models.example/v1", api_key=CANARY)
        self.make(base_url="http://models.example/v1", api_key=CANARY, allow_insecure=True)
        self.make(base_url="https://models.example/v1", api_key=CANARY)

    def test_another_key_or_address_is_another_resource(self) -> None:
        names = {
            self.make(api_key=key, base_url=url).resource()
            for key in ("sk-one-1234567", "sk-two-1234567")
            for url in ("https://a.example", "https://b.example")
        }
        assert len(names) == 4

    # --- codec ---

    def test_a_codec_is_pure(self) -> None:
        codec = self.make().chat("some-model")
        for stream in (False, True) if self._streams else (False,):
            first = codec.encode(self.request, stream=stream)
            codec.encode(ChatRequest((Message("user", "something else"),)), stream=stream)
            assert codec.encode(self.request, stream=stream) == first

    def test_the_credential_is_in_the_headers_and_in_no_repr(self) -> None:
        codec = self.make().chat("some-model")
        request = codec.encode(self.request, stream=False)
        assert any(CANARY in value for value in request.headers.values())
        assert CANARY not in request.url
        assert CANARY not in repr(request) + repr(codec)

    @pytest.mark.parametrize("capability", ["tools", "json_output", "images", "seed", "stop"])
    def test_a_capability_is_declared_exactly_when_its_request_is_sent(self, capability: str) -> None:
        request, marker = _PROBES[capability]
        codec = self.make().chat("some-model")
        try:
            sent = marker in codec.encode(request, stream=False).body
        except ValidationError:
            sent = False
        assert sent == (capability in self.component.capabilities)

    def test_canned_answers_are_given_for_exactly_what_is_declared(self) -> None:
        assert bool(self.text.stream) == self._streams
        assert (self.tools is not None) == ("tools" in self.component.capabilities)
        assert (self.reasoning is not None) == ("reasoning" in self.component.capabilities)

    # --- answers ---

    def test_reads_text_and_usage(self) -> None:
        for answer in self._both_ways(self.text):
            _check_same(answer, self.text.answer)

    def test_reads_parallel_tool_calls(self) -> None:
        for answer in self._both_ways(self.tools) if self.tools else ():
            _check_same(answer, self.tools.answer)  # type: ignore[union-attr]

    def test_reads_reasoning_and_keeps_it_out_of_the_text(self) -> None:
        if self.reasoning is None:
            return
        for answer in self._both_ways(self.reasoning):
            _check_same(answer, self.reasoning.answer)
            assert any(isinstance(part, ReasoningPart) for part in answer.message.content)

    def test_the_fragments_of_a_tool_call_join_to_its_arguments(self) -> None:
        if not (self.tools and self._streams):
            return
        deltas: list[Delta] = []
        answer = self.client(self._streamed(self.tools.stream)).respond(self.request, on_delta=deltas.append)
        for index, call in enumerate(answer.tool_calls):
            pieces = [d for d in deltas if d.kind == "tool_call" and d.index == index]
            assert "".join(piece.text for piece in pieces) == call.arguments
            assert pieces[0].tool_call is not None
            assert (pieces[0].tool_call.id, pieces[0].tool_call.name) == (call.id, call.name)

    def test_a_stream_in_writes_of_one_byte_reads_the_same(self) -> None:
        for canned in self._streamed_answers():
            reply = Reply.stream(canned.stream, self._content_type).in_pieces(1)
            _check_same(self.client(reply).respond(self.request, on_delta=lambda _: None), canned.answer)

    def test_a_stream_cut_at_any_byte_is_an_error_or_the_whole_answer(self) -> None:
        for canned in self._streamed_answers():
            body = canned.stream.encode()
            results = asyncio.run(self._cut_everywhere(body))
            complete = [at for at, result in enumerate(results) if isinstance(result, ChatResponse)]
            for at in complete:
                _check_same(results[at], canned.answer)
            # Only the line ends after the last frame may be missing from a whole answer.
            assert all(not body[at:].strip() for at in complete), complete
            for result in results:
                assert isinstance(result, ChatResponse | StreamInterruptedError | DecodeError), repr(result)

    # --- errors ---

    @pytest.mark.parametrize("status", sorted(_STATUSES))
    def test_a_status_is_the_error_it_stands_for(self, status: int) -> None:
        reply = Reply.json(self.error_body("scripted"), status, {"retry-after": "7", "x-request-id": "r-1"})
        for error in self._errors(reply):
            assert type(error) is _STATUSES[status]
            assert isinstance(error, ProviderError)
            assert (error.status, error.provider, error.attempts) == (status, "tested", 1)
            assert (error.retry_after, error.request_id) == (7.0, "r-1")
            assert error.model == self.component.default_model
            assert "scripted" in str(error)

    @pytest.mark.parametrize("body", _GARBAGE)
    def test_an_error_reply_that_is_garbage_is_still_the_error_of_its_status(self, body: bytes) -> None:
        for error in self._errors(Reply.text(body, 500)):
            assert type(error) is UnavailableError

    @pytest.mark.parametrize("body", _GARBAGE)
    def test_garbage_with_status_200_is_never_an_answer(self, body: bytes) -> None:
        error = _raised(lambda: self.client(Reply.text(body)).respond(self.request))
        assert isinstance(error, DecodeError)
        assert error.provider == "tested"

    def test_garbage_in_a_stream_is_never_an_answer(self) -> None:
        for body in _GARBAGE if self._streams else ():
            reply = Reply.text(b"data: " + body + b"\n\n" if self._framing == "sse" else body + b"\n")
            error = _raised(lambda r=reply: "".join(self.client(r).stream(self.request)))
            assert isinstance(error, DecodeError | StreamInterruptedError), body

    def test_an_error_with_status_200_is_never_an_answer(self) -> None:
        for body, kind in self.other_errors.items():
            error = _raised(lambda b=body: self.client(Reply.text(b)).respond(self.request))
            assert isinstance(error, kind), body

    def test_an_error_inside_a_stream_is_a_provider_error(self) -> None:
        if self.stream_error:
            reply = Reply.stream(self.stream_error, self._content_type)
            error = _raised(lambda: "".join(self.client(reply).stream(self.request)))
            assert isinstance(error, ProviderError)

    def test_a_closed_port_is_a_transport_error_that_shows_no_address(self) -> None:
        with ModelServer() as gone:
            url = gone.url
        error = _raised(lambda: self.client(base_url=url).respond(self.request))
        assert isinstance(error, TransportError)
        assert url.removeprefix("http://") not in _everything(error)

    def test_no_error_or_log_shows_the_key(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        said = f"wrong key {CANARY} at {self.server.url}, header Bearer {CANARY}"
        for status in (401, 429, 500):
            for error in self._errors(Reply.json(self.error_body(said), status)):
                assert CANARY not in _everything(error)
                assert self.server.url not in _everything(error)
        for error in self._errors(Reply.text(f"<html>{CANARY}</html>", 200)):
            assert CANARY not in _everything(error)
        assert CANARY not in caplog.text

    # --- helpers ---

    @property
    def _streams(self) -> bool:
        return "stream" in self.component.capabilities

    @property
    def _framing(self) -> str:
        return str(self.make().chat("some-model").framing)

    @property
    def _content_type(self) -> str:
        return _CONTENT_TYPE[self._framing]

    def _streamed(self, body: str) -> Reply:
        return Reply.stream(body, self._content_type)

    def _answer(self, canned: Canned, asked: bytes) -> Reply:
        codec = self.make().chat(self.component.default_model)
        streamed = self._streams and asked == codec.encode(self.request, stream=True).body
        return self._streamed(canned.stream) if streamed else Reply.json(canned.body)

    def _streamed_answers(self) -> list[Canned]:
        return [canned for canned in (self.text, self.tools, self.reasoning) if canned and self._streams]

    def _both_ways(self, canned: Canned) -> Iterator[ChatResponse]:
        yield self.client(Reply.json(canned.body)).respond(self.request)
        if self._streams:
            yield self.client(self._streamed(canned.stream)).respond(self.request, on_delta=lambda _: None)

    def _errors(self, reply: Reply) -> Iterator[BaseException]:
        yield _raised(lambda: self.client(reply).respond(self.request))
        yield _raised(lambda: asyncio.run(self.client(reply).respond_async(self.request)))
        if self._streams:
            yield _raised(lambda: "".join(self.client(reply).stream(self.request)))

    async def _cut_everywhere(self, body: bytes) -> list[ChatResponse | BaseException]:
        turns = asyncio.Semaphore(32)

        async def cut(at: int) -> ChatResponse:
            reply = Reply.stream(body[:at], self._content_type, chunked=False)
            async with turns:
                answer: ChatResponse = await self.client(reply).respond_async(
                    self.request, on_delta=lambda _: None
                )
                return answer

        return await asyncio.gather(*map(cut, range(len(body) + 1)), return_exceptions=True)


_PROBES: dict[str, tuple[ChatRequest, bytes]] = {
    "tools": (
        ChatRequest(
            (Message("user", "x"),),
            tools=(ToolSpec("probe_tool", "d", {"type": "object", "properties": {}}),),
        ),
        b"probe_tool",
    ),
    "json_output": (
        ChatRequest(
            (Message("user", "x"),),
            output=JsonOutput({"type": "object", "properties": {"probe_property": {"type": "string"}}}),
        ),
        b"probe_property",
    ),
    "images": (
        ChatRequest(
            (Message("user", (TextPart("x"), ImagePart(data=b"probe-image", media_type="image/png"))),)
        ),
        b"cHJvYmUtaW1hZ2U",
    ),
    "seed": (ChatRequest((Message("user", "x"),), seed=8675309), b"8675309"),
    "stop": (ChatRequest((Message("user", "x"),), stop=("probe-stop",)), b"probe-stop"),
}
"""A request that needs a capability, and what must then be in its body."""


def _check_same(answer: Any, expected: ChatResponse) -> None:
    assert isinstance(answer, ChatResponse), repr(answer)
    assert answer.message == expected.message
    assert answer.finish_reason == expected.finish_reason
    assert answer.usage == expected.usage


def _raised(call: Any) -> GraphBitError:
    with pytest.raises(GraphBitError) as caught:
        call()
    return caught.value


def _everything(error: BaseException) -> str:
    """All that a user, a log or another process could see of an error."""
    shown = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
    return shown + pickle.dumps(error).decode("latin-1")
