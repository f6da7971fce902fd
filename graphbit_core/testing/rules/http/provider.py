"""Rules for providers behind HTTP, tried against a scripted server on this machine."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from graphbit_core.errors import DecodeError, ProviderError, TransportError, UnavailableError
from graphbit_core.testing.model_server import ModelServer
from graphbit_core.testing.replies import Reply
from graphbit_core.testing.rules.component import CANARY
from graphbit_core.testing.rules.http.network import (
    GARBAGE,
    STATUSES,
    check_error,
    everything,
    raised,
    spoiled,
)
from graphbit_core.testing.rules.http.replies import Canned as Canned, check_same
from graphbit_core.testing.rules.http.requests import RequestRules
from graphbit_core.testing.rules.http.streams import StreamRules
from graphbit_core.types.http import HttpResponse
from graphbit_core.types.messages import ChatRequest, Message, ReasoningPart


class HttpProviderConformance(RequestRules, StreamRules):
    """Rules for providers behind HTTP: a subclass gives ``component``, ``key_env``, ``error_body``, and
    answers in the dialect of the API: ``text``, ``endings``; ``tools`` and ``reasoning`` where declared.

    They prove, against a server on this machine, that what a request says is sent or refused, that answers
    are read whole and streamed, that streams may be cut anywhere, that errors are those of the contract, that
    capabilities are declared as they are, and that keys stay secret.
    """

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
        assert any(CANARY in value for value in request.headers.values()), "no header has the key"
        assert CANARY not in request.url, "the address has the key"
        assert CANARY.encode() not in request.body, "the body has the key"
        assert CANARY not in repr(request) + repr(codec) + repr(self.client()), "a repr shows the key"

    def test_canned_answers_are_given_for_exactly_what_is_declared(self) -> None:
        for name in ("text", "tools", "reasoning"):
            given = bool((canned := getattr(self, name)) and canned.stream)
            wanted = self._declares("stream") and canned is not None
            assert given or not wanted, f"it declares stream; give `{name}.stream`, or do not declare stream"
            assert wanted or not given, f"`{name}.stream` is given; declare stream, or leave it empty"
        assert (self.tools is not None) == self._declares("tools"), "give `tools`, or do not declare tools"
        given = self.reasoning is not None
        assert given == self._declares("reasoning"), "give `reasoning`, or do not declare reasoning"
        shown = [part for canned in self._canned() for part in canned.answer.message.content]
        assert given or not any(isinstance(part, ReasoningPart) for part in shown), "declare reasoning"

    # --- answers ---

    def test_reads_text_and_usage(self) -> None:
        assert self.text.answer.usage.total_tokens, "give `text` an answer with usage"
        for answer in self._both_ways(self.text):
            check_same(answer, self.text.answer)

    def test_reads_parallel_tool_calls(self) -> None:
        if self.tools is None:
            return
        assert len(self.tools.answer.tool_calls) > 1, "give `tools` an answer with two calls"
        for answer in self._both_ways(self.tools):
            check_same(answer, self.tools.answer)
            ids = [call.id for call in answer.tool_calls]
            assert len({*ids}) == len(ids), f"two calls have one id: {ids}"

    def test_reads_reasoning_and_keeps_it_out_of_the_text(self) -> None:
        if self.reasoning is None:
            return
        for answer in self._both_ways(self.reasoning):
            check_same(answer, self.reasoning.answer)
            thoughts = [part for part in answer.message.content if isinstance(part, ReasoningPart)]
            assert thoughts, "the answer of `reasoning` has no ReasoningPart"
            mixed = any(part.text and part.text in answer.text for part in thoughts)
            assert not mixed, "the text has the thoughts too"

    def test_usage_counts_cached_tokens_as_input_and_reasoning_as_output(self) -> None:
        for canned in self._canned():
            for answer in self._both_ways(canned):
                usage = answer.usage
                cached = usage.cached_tokens + usage.cache_write_tokens
                assert cached <= usage.input_tokens, f"{usage}: input_tokens has the cached ones too"
                most = usage.output_tokens
                assert usage.reasoning_tokens <= most, f"{usage}: output_tokens has those of reasoning too"
                assert usage.total_tokens == usage.input_tokens + usage.output_tokens

    def test_raw_is_the_reply_as_it_came_or_what_the_stream_said_beside_its_pieces(self) -> None:
        for canned in self._canned():
            whole, *streamed = self._both_ways(canned)
            assert whole.raw == canned.body, f"`raw` is the reply, not {whole.raw!r:.200}"
            for answer in streamed:
                told = isinstance(answer.raw, dict) and answer.raw
                assert told, f"`raw` of a stream is what it said beside its pieces, not {answer.raw!r:.200}"

    def test_reads_other_endings(self) -> None:
        assert "length" in self.endings, "give `endings` an answer that was cut off"
        for reason, body in self.endings.items():
            read = self.client(Reply.json(body)).respond(self.request).finish_reason
            assert read == reason, f"the ending {reason!r} is read as {read!r}"

    # --- errors ---

    @pytest.mark.parametrize("status", sorted(STATUSES))
    def test_a_status_is_the_error_it_stands_for(self, status: int) -> None:
        reply = Reply.json(self.error_body("scripted"), status, {"retry-after": "7", "x-request-id": "r-1"})
        for error in self._errors(reply):
            wanted = STATUSES[status].__name__
            assert type(error) is STATUSES[status], f"{status} should be a {wanted}, not {error!r}"
            check_error(error, status)
            assert error.model == self.component.default_model, f"the error is of model {error.model!r}"

    @pytest.mark.parametrize("body", GARBAGE)
    def test_an_error_reply_that_is_garbage_is_still_the_error_of_its_status(self, body: bytes) -> None:
        for error in self._errors(Reply.text(body, 500)):
            assert type(error) is UnavailableError, f"500 should be an UnavailableError, not {error!r}"

    @pytest.mark.parametrize("body", GARBAGE)
    def test_garbage_with_status_200_is_never_an_answer(self, body: bytes) -> None:
        error = raised(lambda: self.client(Reply.text(body)).respond(self.request))
        assert isinstance(error, DecodeError), f"{body!r} should be a DecodeError, not {error!r}"
        assert error.provider == "tested"

    def test_a_reply_of_another_shape_is_never_a_fault_of_the_codec(self) -> None:
        """Every value of a good reply is replaced by others; what comes is an answer or an error of ours."""
        codec = self._codec
        for canned in self._canned():
            for body in spoiled(canned.body):
                try:
                    codec.decode(_response(body))
                except (DecodeError, ProviderError):
                    continue

    def test_an_error_with_status_200_is_never_an_answer(self) -> None:
        for body, kind in self.other_errors.items():
            error = raised(lambda b=body: self.client(Reply.text(b)).respond(self.request))  # type: ignore[misc]
            assert isinstance(error, kind), f"{body!r} should be a {kind.__name__}, not {error!r}"

    def test_a_closed_port_is_a_transport_error_that_shows_no_address(self) -> None:
        with ModelServer() as gone:
            url = gone.url
        error = raised(lambda: self.client(base_url=url).respond(self.request))
        assert isinstance(error, TransportError)
        assert url.removeprefix("http://") not in everything(error)

    def test_no_error_or_log_shows_the_key(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        said = f"wrong key {CANARY} at {self.server.url}, header Bearer {CANARY}"
        for status in (401, 429, 500):
            for error in self._errors(Reply.json(self.error_body(said), status)):
                assert CANARY not in everything(error)
                assert self.server.url not in everything(error)
        for error in self._errors(Reply.text(f"<html>{CANARY}</html>", 200)):
            assert CANARY not in everything(error)
        assert CANARY not in caplog.text


def _response(body: Any) -> HttpResponse:
    return HttpResponse(200, {}, json.dumps(body).encode())
