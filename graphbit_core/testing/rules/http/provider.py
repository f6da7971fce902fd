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
from graphbit_core.testing.rules.http.network import GARBAGE, STATUSES, everything, raised, spoiled
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
        assert any(CANARY in value for value in request.headers.values())
        assert CANARY not in request.url
        assert CANARY.encode() not in request.body
        assert CANARY not in repr(request) + repr(codec) + repr(self.client())

    def test_canned_answers_are_given_for_exactly_what_is_declared(self) -> None:
        assert bool(self.text.stream) == self._streams
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
            assert len({call.id for call in answer.tool_calls}) == len(answer.tool_calls)

    def test_reads_reasoning_and_keeps_it_out_of_the_text(self) -> None:
        if self.reasoning is None:
            return
        for answer in self._both_ways(self.reasoning):
            check_same(answer, self.reasoning.answer)
            thoughts = [part for part in answer.message.content if isinstance(part, ReasoningPart)]
            assert thoughts
            assert not any(part.text and part.text in answer.text for part in thoughts)

    def test_usage_counts_cached_tokens_as_input_and_reasoning_as_output(self) -> None:
        for canned in self._canned():
            for answer in self._both_ways(canned):
                usage = answer.usage
                assert usage.cached_tokens + usage.cache_write_tokens <= usage.input_tokens
                assert usage.reasoning_tokens <= usage.output_tokens
                assert usage.total_tokens == usage.input_tokens + usage.output_tokens

    def test_raw_is_the_reply_as_it_came_or_what_the_stream_said_beside_its_pieces(self) -> None:
        for canned in self._canned():
            whole, *streamed = self._both_ways(canned)
            assert whole.raw == canned.body
            for answer in streamed:
                assert isinstance(answer.raw, dict)
                assert answer.raw

    def test_reads_other_endings(self) -> None:
        assert "length" in self.endings, "give `endings` an answer that was cut off"
        for reason, body in self.endings.items():
            assert self.client(Reply.json(body)).respond(self.request).finish_reason == reason

    # --- errors ---

    @pytest.mark.parametrize("status", sorted(STATUSES))
    def test_a_status_is_the_error_it_stands_for(self, status: int) -> None:
        reply = Reply.json(self.error_body("scripted"), status, {"retry-after": "7", "x-request-id": "r-1"})
        for error in self._errors(reply):
            wanted = STATUSES[status].__name__
            assert type(error) is STATUSES[status], f"{status} should be a {wanted}, not {error!r}"
            assert isinstance(error, ProviderError)
            assert (error.status, error.provider, error.attempts) == (status, "tested", 1)
            assert (error.retry_after, error.request_id) == (7.0, "r-1")
            assert error.model == self.component.default_model
            assert "scripted" in str(error)

    @pytest.mark.parametrize("body", GARBAGE)
    def test_an_error_reply_that_is_garbage_is_still_the_error_of_its_status(self, body: bytes) -> None:
        for error in self._errors(Reply.text(body, 500)):
            assert type(error) is UnavailableError

    @pytest.mark.parametrize("body", GARBAGE)
    def test_garbage_with_status_200_is_never_an_answer(self, body: bytes) -> None:
        error = raised(lambda: self.client(Reply.text(body)).respond(self.request))
        assert isinstance(error, DecodeError)
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
            assert isinstance(error, kind), body

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
