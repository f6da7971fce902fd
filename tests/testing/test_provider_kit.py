"""The kit must pass what is right and fail what is wrong: providers with one fault each, run under it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from graphbit_openai import OpenAIProvider

from graphbit_core import ChatRequest, ChatResponse, Delta, Frame, HttpResponse, Message, UnavailableError
from graphbit_core.testing import ProviderConformance

OPENAI_TESTS = Path(__file__).parents[2] / "providers/openai/tests/test_conformance.py"


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


FAULTS: dict[str, tuple[type[_Codec], str]] = {
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


def spoiled(codec: type[_Codec]) -> type:
    class Spoiled(OpenAIProvider):
        """OpenAI's provider with a fault."""

        def chat(self, model: str) -> Any:
            return codec(super().chat(model))

    return Spoiled


def run_kit(component: type, only: str) -> pytest.ExitCode | int:
    """Runs OpenAI's own conformance tests over another provider, in a session of its own."""
    with pytest.MonkeyPatch.context() as patch:

        class Swap:
            def pytest_collection_modifyitems(self, items: list[Any]) -> None:
                for item in items:
                    patch.setattr(item.cls, "component", component)

        quiet = ["-p", "no:cacheprovider", "-p", "no:terminal", "-p", "no:logging", "-p", "no:faulthandler"]
        arguments = ["-c", os.devnull, "--import-mode=importlib", *quiet, "-k", only]
        return pytest.main([str(OPENAI_TESTS), *arguments], plugins=[Swap()])


@pytest.mark.parametrize("fault", FAULTS)
def test_the_kit_finds_a_fault(fault: str) -> None:
    codec, found_by = FAULTS[fault]
    assert run_kit(spoiled(_Codec), found_by) == pytest.ExitCode.OK
    assert run_kit(spoiled(codec), found_by) == pytest.ExitCode.TESTS_FAILED


def test_the_kit_finds_a_capability_that_works_and_is_not_declared() -> None:
    class Modest(OpenAIProvider):
        """OpenAI's provider without a word of seeds."""

        capabilities: ClassVar[frozenset[str]] = OpenAIProvider.capabilities - {"seed"}

    assert run_kit(Modest, "test_a_capability_is_declared") == pytest.ExitCode.TESTS_FAILED
