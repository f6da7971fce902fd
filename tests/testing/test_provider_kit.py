"""The kit must pass what is right and fail what is wrong: providers with one fault each, run under it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any, ClassVar

import pytest
from graphbit_google import GoogleProvider
from graphbit_openai import OpenAIProvider
from kit_runs import run_kit

from graphbit_core import (
    AudioPart,
    ChatRequest,
    ChatResponse,
    DecodeError,
    Delta,
    Frame,
    HttpResponse,
    ImagePart,
    Message,
    ReasoningPart,
    UnavailableError,
)
from graphbit_core.testing import ProviderConformance


class Echo:
    """A model of this process that repeats the last message."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    capabilities: ClassVar[frozenset[str]] = frozenset({"stream"})
    default_model: ClassVar[str] = "echo"

    def chat(self, model: str) -> Any:
        return self

    def resource(self) -> str:
        return "echo"

    def respond(self, request: ChatRequest) -> Iterator[Delta | ChatResponse]:
        text = request.messages[-1].text
        for word in text.split(" "):
            yield Delta("text", word)
        yield ChatResponse(Message("assistant", text.replace(" ", "")))


class TestEcho(ProviderConformance):
    component = Echo


class _Codec:
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


class ForgetsTheSeed(_Codec):
    def encode(self, request: ChatRequest, *, stream: bool) -> Any:
        return self.good.encode(replace(request, seed=None), stream=stream)


class Counts(_Codec):
    def encode(self, request: ChatRequest, *, stream: bool) -> Any:
        self.count = getattr(self, "count", 0) + 1
        return self.good.encode(replace(request, extra={"n": self.count}), stream=stream)


class TakesAnyEnd(_Codec):
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


class TakesAnyBody(_Codec):
    def decode(self, response: HttpResponse) -> ChatResponse:
        return ChatResponse(Message("assistant", response.body.decode("utf-8", "replace")))


class EveryErrorIsUnavailable(_Codec):
    def error(self, response: HttpResponse) -> Any:
        return UnavailableError("scripted", status=response.status)


class KeyInTheUrl(_Codec):
    def encode(self, request: ChatRequest, *, stream: bool) -> Any:
        sent = self.good.encode(request, stream=stream)
        return replace(sent, url=f"{sent.url}?key={sent.headers['authorization'][7:]}")


class _Rewrites(_Codec):
    """Changes the request before it is encoded."""

    def encode(self, request: ChatRequest, *, stream: bool) -> Any:
        return self.good.encode(self.rewritten(request), stream=stream)

    def rewritten(self, request: ChatRequest) -> ChatRequest:
        raise NotImplementedError


class ForgetsTheEffort(_Rewrites):
    def rewritten(self, request: ChatRequest) -> ChatRequest:
        return replace(request, reasoning_effort=None)


class ForgetsTheChoice(_Rewrites):
    def rewritten(self, request: ChatRequest) -> ChatRequest:
        return replace(request, tool_choice="auto" if request.tool_choice else None)


class TakesOneAtATimeForGranted(_Rewrites):
    def rewritten(self, request: ChatRequest) -> ChatRequest:
        return replace(request, parallel_tool_calls=None)


class _Messages(_Rewrites):
    """Changes each message."""

    def rewritten(self, request: ChatRequest) -> ChatRequest:
        return replace(request, messages=[self.message(message) for message in request.messages])

    def message(self, message: Message) -> Message:
        raise NotImplementedError


class ForgetsSound(_Messages):
    def message(self, message: Message) -> Message:
        parts: Any = [part for part in message.content if not isinstance(part, AudioPart)]
        return message if isinstance(message.content, str) else replace(message, content=parts)


class ForgetsAddresses(_Messages):
    def message(self, message: Message) -> Message:
        if isinstance(message.content, str):
            return message
        kept = [part for part in message.content if not (isinstance(part, ImagePart) and part.url)]
        return replace(message, content=kept)


class ForgetsSignatures(_Messages):
    def message(self, message: Message) -> Message:
        return replace(message, tool_calls=[replace(call, signature=None) for call in message.tool_calls])


class SendsReasoningOfAll(_Messages):
    def message(self, message: Message) -> Message:
        parts: Any = [
            replace(part, origin="gemini") if isinstance(part, ReasoningPart) else part
            for part in message.content
        ]
        return message if isinstance(message.content, str) else replace(message, content=parts)


class ForgetsFailedResults(_Messages):
    def message(self, message: Message) -> Message:
        return replace(message, content="") if message.is_error else message


class HidesMalformedArguments(_Messages):
    def message(self, message: Message) -> Message:
        calls = [
            call if call.arguments.endswith("}") else replace(call, arguments="{}")
            for call in message.tool_calls
        ]
        return replace(message, tool_calls=calls)


class ForgetsLateInstructions(_Messages):
    def message(self, message: Message) -> Message:
        return replace(message, role="user", content="x") if message.role == "system" else message


class _Decodes(_Codec):
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


class KeepsFrames(_Decodes):
    def fed(self, good: Any, frame: Frame) -> Any:
        self.kept = [*getattr(self, "kept", ()), frame.data + "."]
        return good.feed(frame)


class KnowsAllEvents(_Decodes):
    def fed(self, good: Any, frame: Frame) -> Any:
        if frame.event:
            raise DecodeError(f"an event that was not there in spring: {frame.event}")
        return good.feed(frame)


class ThinksAloud(_Decodes):
    def fed(self, good: Any, frame: Frame) -> Any:
        return [replace(delta, kind="text") for delta in good.feed(frame)]


class StumblesOverFrames(_Decodes):
    def fed(self, good: Any, frame: Frame) -> Any:
        if frame.data != "[DONE]":
            len(json.loads(frame.data)["choices"])
        return good.feed(frame)


class SharesADecoder(_Codec):
    def decoder(self) -> Any:
        self.one = getattr(self, "one", None) or self.good.decoder()
        return self.one


class StumblesOverShapes(_Codec):
    def decode(self, response: HttpResponse) -> ChatResponse:
        try:
            answer: ChatResponse = self.good.decode(response)
        except DecodeError as error:
            raise KeyError("candidates") from error
        return answer


class OneCallAtATime(_Codec):
    """Keeps in itself what belongs to a call."""

    busy = 0

    def encode(self, request: ChatRequest, *, stream: bool) -> Any:
        self.busy += not stream
        return self.good.encode(request, stream=stream)

    def decode(self, response: HttpResponse) -> ChatResponse:
        answer: ChatResponse = self.good.decode(response)
        self.busy, busy = 0, self.busy
        return answer if busy == 1 else replace(answer, message=Message("assistant", "another's answer"))


class EndsAlike(_Codec):
    def decode(self, response: HttpResponse) -> ChatResponse:
        answer: ChatResponse = self.good.decode(response)
        return replace(answer, finish_reason="stop")


class CallsAllAlike(_Codec):
    def decode(self, response: HttpResponse) -> ChatResponse:
        answer: ChatResponse = self.good.decode(response)
        calls = [replace(call, id="call") for call in answer.tool_calls]
        return replace(answer, message=replace(answer.message, tool_calls=calls))


OPENAI, GOOGLE = "openai/TestOpenAIProvider", "google/TestGoogleProvider"

FAULTS: dict[str, tuple[type[_Codec], str]] = {
    "sound is left out": (ForgetsSound, "test_a_capability_is_declared_exactly_when_its_request_is_sent"),
    "pictures by address are left out": (ForgetsAddresses, "test_a_part_is_sent_or_refused"),
    "late instructions are left out": (ForgetsLateInstructions, "test_a_part_is_sent_or_refused"),
    "effort is left out": (ForgetsTheEffort, "test_what_a_request_says_is_sent_or_refused"),
    "tools are chosen alike": (ForgetsTheChoice, "test_each_way_to_choose_among_tools"),
    "one call at a time is left out": (TakesOneAtATimeForGranted, "test_each_way_to_choose_among_tools"),
    "failed results are left out": (ForgetsFailedResults, "test_calls_and_their_results_go_back_in_order"),
    "malformed arguments are left out": (
        HidesMalformedArguments,
        "test_arguments_that_are_no_json_are_not_lost",
    ),
    "frames are kept": (KeepsFrames, "test_a_long_stream_is_not_kept"),
    "a new event is an error": (KnowsAllEvents, "test_events_that_the_api_added_later_are_skipped"),
    "decoders are one": (SharesADecoder, "test_decoders_share_nothing"),
    "calls are mixed up": (OneCallAtATime, "test_threads_and_tasks_may_share_a_client"),
    "another shape is a KeyError": (StumblesOverShapes, "test_a_reply_of_another_shape"),
    "a frame of another shape is a TypeError": (StumblesOverFrames, "test_a_frame_of_another_shape"),
    "endings are alike": (EndsAlike, "test_reads_other_endings"),
    "calls have one id": (CallsAllAlike, "test_reads_parallel_tool_calls"),
    "declared but not done": (
        ForgetsTheSeed,
        "test_a_capability_is_declared_exactly_when_its_request_is_sent",
    ),
    "not pure": (Counts, "test_a_codec_is_pure"),
    "half a stream is an answer": (
        TakesAnyEnd,
        "test_a_stream_cut_at_any_byte_is_an_error_or_the_whole_answer",
    ),
    "garbage is an answer": (TakesAnyBody, "test_garbage_with_status_200_is_never_an_answer"),
    "errors are all alike": (EveryErrorIsUnavailable, "test_a_status_is_the_error_it_stands_for"),
    "the key is in the URL": (KeyInTheUrl, "test_the_credential_is_in_the_headers_and_in_no_repr"),
}


REASONING_FAULTS: dict[str, tuple[type[_Codec], str]] = {
    "signatures are left out": (ForgetsSignatures, "test_signatures_go_back_unchanged"),
    "reasoning of others is sent": (SendsReasoningOfAll, "test_signatures_go_back_unchanged"),
    "thoughts are text": (ThinksAloud, "test_thoughts_are_streamed_as_reasoning"),
}
"""Those that a provider shows that declares reasoning."""


def spoiled(codec: type[_Codec], good: Any = OpenAIProvider) -> type:
    class Spoiled(good):  # type: ignore[misc]
        """A good provider with a fault."""

        def chat(self, model: str) -> Any:
            return codec(super().chat(model))

    return Spoiled


@cache
def unspoiled(good: Any, only: str, tests: str) -> pytest.ExitCode | int:
    """What the kit says of a codec that is passed through what spoils the others."""
    return run_kit(spoiled(_Codec, good), only, tests)


@pytest.mark.parametrize("fault", FAULTS)
def test_the_kit_finds_a_fault(fault: str) -> None:
    codec, found_by = FAULTS[fault]
    assert unspoiled(OpenAIProvider, found_by, OPENAI) == pytest.ExitCode.OK
    assert run_kit(spoiled(codec), found_by, OPENAI) == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("fault", REASONING_FAULTS)
def test_the_kit_finds_a_fault_of_reasoning(fault: str) -> None:
    codec, found_by = REASONING_FAULTS[fault]
    assert unspoiled(GoogleProvider, found_by, GOOGLE) == pytest.ExitCode.OK
    assert run_kit(spoiled(codec, GoogleProvider), found_by, GOOGLE) == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("capability", ["seed", "audio", "files", "stop", "tools", "reasoning"])
def test_the_kit_finds_a_capability_that_works_and_is_not_declared(capability: str) -> None:
    class Modest(GoogleProvider):
        """Google's provider without a word of one thing that it does."""

        capabilities: ClassVar[frozenset[str]] = GoogleProvider.capabilities - {capability}

    assert run_kit(Modest, "declared", GOOGLE) == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("capability", ["reasoning", "embed"])
def test_the_kit_finds_a_capability_that_is_declared_and_not_shown(capability: str) -> None:
    class Boastful(OpenAIProvider):
        """OpenAI's provider with a promise more, or without its embedder."""

        capabilities = OpenAIProvider.capabilities ^ {capability}

    assert run_kit(Boastful, "declare", OPENAI) == pytest.ExitCode.TESTS_FAILED
