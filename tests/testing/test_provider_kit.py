"""Each rule for providers fails on a provider that breaks it."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
import spoiled_answers as answers
import spoiled_requests as requests
from graphbit_google import GoogleProvider
from graphbit_openai import OpenAIProvider
from kit_runs import conformance_tests, proof

from graphbit_core import (
    ChatRequest,
    ChatResponse,
    Delta,
    JsonOutput,
    Message,
    Secret,
    TextPart,
    ToolCall,
    ValidationError,
)
from graphbit_core.testing import ProviderConformance

EMBED = "declares_embed_exactly_when_it_has_an_embedder"
OPENAI = conformance_tests("providers/openai").TestOpenAIProvider
GOOGLE = conformance_tests("providers/google").TestGoogleProvider


def spoiled(codec: type, good: Any = OpenAIProvider) -> type:
    class Spoiled(good):  # type: ignore[misc]
        """A good provider with a fault."""

        def chat(self, model: str) -> Any:
            return codec(super().chat(model))

    return Spoiled


def declaring(good: Any, *capabilities: str) -> type:
    """A provider that declares these, or does not if it did."""
    return type(
        "Declares",
        (good,),
        {"__doc__": "Says otherwise.", "capabilities": good.capabilities ^ {*capabilities}},
    )


class AnyHttp(OpenAIProvider):
    """Sends keys to anyone in plain text."""

    def __init__(
        self, *, api_key: Any = None, base_url: str = "https://x.example", allow_insecure: bool = False
    ):
        super().__init__(api_key=api_key, base_url=base_url, allow_insecure=True)


class OneResource(OpenAIProvider):
    """Lets all keys share their limits."""

    def resource(self) -> str:
        return "openai"


class TellsItsKey(OpenAIProvider):
    """Names its resource by its key."""

    def __init__(self, *, api_key: Any = None, base_url: str = "https://x.example") -> None:
        super().__init__(api_key=api_key, base_url=base_url)
        self._key = api_key

    def resource(self) -> str:
        return f"openai:{self._key}"


class NoEnvironment(OpenAIProvider):
    """Does not look into the environment."""

    def __init__(self, *, api_key: str | Secret, base_url: str = "https://x.example") -> None:
        super().__init__(api_key=api_key, base_url=base_url)


class NoCodec(OpenAIProvider):
    """Gives neither a codec nor a model."""

    def chat(self, model: str) -> Any:
        return model


CAPABILITY = "a_capability_is_declared_exactly_when_its_request_is_sent"
PART = "a_part_is_sent_or_refused"
CHOICE = "each_way_to_choose_among_tools_is_sent_or_refused"
PURE = "a_codec_is_pure"
KEY = "the_credential_is_in_the_headers_and_in_no_repr"
CANNED = "canned_answers_are_given_for_exactly_what_is_declared"
CUT = "a_stream_cut_at_any_byte_is_an_error_or_the_whole_answer"
SIGNED = "signatures_go_back_unchanged_and_those_of_others_do_not"
LEAVES = "a_reader_that_leaves_closes_the_connection"

OF_CODECS: list[tuple[type, str]] = [
    (requests.ForgetsSound, CAPABILITY),
    (requests.ForgetsTheSeed, CAPABILITY),
    (requests.ForgetsAddresses, PART),
    (requests.ForgetsLateInstructions, PART),
    (requests.ForgetsTheEffort, "what_a_request_says_is_sent_or_refused"),
    (requests.ForgetsTheChoice, CHOICE),
    (requests.TakesOneAtATimeForGranted, CHOICE),
    (requests.ForgetsFailedResults, "calls_and_their_results_go_back_in_order"),
    (requests.HidesMalformedArguments, "arguments_that_are_no_json_are_not_lost"),
    (requests.Counts, PURE),
    (requests.KeyInTheUrl, KEY),
    (requests.ConnectsItself, "a_closed_port_is_a_transport_error_that_shows_no_address"),
    (requests.TakesAnyEnd, CUT),
    (requests.TakesAnyBody, "garbage_with_status_200_is_never_an_answer"),
    (requests.TakesAnyBody, "an_error_with_status_200_is_never_an_answer"),
    (requests.EveryErrorIsUnavailable, "a_status_is_the_error_it_stands_for"),
    (answers.KeepsFrames, "a_long_stream_is_not_kept"),
    (answers.KnowsAllEvents, "events_that_the_api_added_later_are_skipped"),
    (answers.SharesADecoder, "decoders_share_nothing"),
    (answers.OneCallAtATime, "threads_and_tasks_may_share_a_client"),
    (answers.StumblesOverShapes, "a_reply_of_another_shape_is_never_a_fault_of_the_codec"),
    (answers.StumblesOverFrames, "a_frame_of_another_shape_is_never_a_fault_of_the_codec"),
    (answers.EndsAlike, "reads_other_endings"),
    (answers.CallsAllAlike, "reads_parallel_tool_calls"),
    (answers.ForgetsUsage, "reads_text_and_usage"),
    (answers.CountsCachedTwice, "usage_counts_cached_tokens_as_input_and_reasoning_as_output"),
    (answers.HidesTheReply, "raw_is_the_reply_as_it_came_or_what_the_stream_said_beside_its_pieces"),
    (answers.ErrorsNeedJson, "an_error_reply_that_is_garbage_is_still_the_error_of_its_status"),
    (answers.LogsReplies, "no_error_or_log_shows_the_key"),
    (answers.MixesCalls, "the_fragments_of_a_tool_call_join_to_its_arguments"),
    (answers.SpellsAnother, "the_deltas_spell_the_answer"),
    (answers.SpellsAnother, "an_async_stream_spells_the_answer"),
    (answers.ReadsAnother, "a_stream_in_writes_of_one_byte_reads_the_same"),
    (answers.GoesOnAfterErrors, "garbage_in_a_stream_is_never_an_answer"),
    (answers.GoesOnAfterErrors, "an_error_inside_a_stream_is_a_provider_error"),
]
OF_REASONING: list[tuple[type, str]] = [
    (requests.ForgetsSignatures, SIGNED),
    (requests.SendsReasoningOfAll, SIGNED),
    (requests.NeverMarksFailures, "a_failed_tool_is_marked_exactly_where_the_api_has_a_mark"),
    (answers.ThinksAloud, "thoughts_are_streamed_as_reasoning"),
    (answers.SaysItsThoughts, "reads_reasoning_and_keeps_it_out_of_the_text"),
]
"""Those that a provider shows that declares reasoning."""

OF_PROVIDERS: list[tuple[type, str]] = [
    (declaring(OpenAIProvider, "magic"), "declares_only_capabilities_that_exist_and_a_default_model"),
    (declaring(OpenAIProvider, "embed"), EMBED),
    (declaring(OpenAIProvider, "reasoning"), CANNED),
    (declaring(OpenAIProvider, "tools"), CANNED),
    (AnyHttp, "refuses_plain_http_to_another_machine_unless_it_is_allowed"),
    (OneResource, "another_key_or_address_is_another_resource"),
    (TellsItsKey, "names_its_resource_without_showing_the_key"),
    (NoEnvironment, "takes_its_key_from_the_environment_and_names_the_variable_when_it_is_missing"),
    (NoCodec, "gives_a_codec_or_a_model_without_sending_anything"),
]


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


class Numbers(Echo):
    """Never answers twice in the same way."""

    numbers = itertools.count()

    def respond(self, request: ChatRequest) -> Iterator[Delta | ChatResponse]:
        text = str(next(self.numbers))
        yield Delta("text", text)
        yield ChatResponse(Message("assistant", text))


class BoastsTools(Echo):
    """Declares tools, and calls none."""

    capabilities = frozenset({"stream", "tools"})


class BoastsImages(Echo):
    """Declares images, and takes texts only."""

    capabilities = frozenset({"stream", "images"})

    def respond(self, request: ChatRequest) -> Iterator[Delta | ChatResponse]:
        if not all(isinstance(part, TextPart) for part in request.messages[-1].parts):
            raise ValidationError("it takes texts only", field="messages")
        yield from super().respond(request)


class BoastsASeed(Echo):
    """Declares a seed, and rolls its dice without it."""

    capabilities = frozenset({"stream", "seed"})
    numbers = itertools.count()

    def respond(self, request: ChatRequest) -> Iterator[Delta | ChatResponse]:
        if request.seed is None:
            yield from super().respond(request)
        else:
            yield ChatResponse(Message("assistant", str(next(self.numbers))))


class TakesAll(Echo):
    """Declares all that messages may hold, and looks at their texts."""

    capabilities = frozenset({"stream", "audio", "files", "images", "seed"})


class CallsInSecret(Echo):
    """Calls tools, and does not declare it."""

    def respond(self, request: ChatRequest) -> Iterator[Delta | ChatResponse]:
        if not request.tools:
            yield from super().respond(request)
        else:
            calls = (ToolCall("1", request.tools[0].name, "{}"),)
            yield ChatResponse(Message("assistant", "", tool_calls=calls), "tool_calls")


class WritesJsonInSecret(Echo):
    """Answers with JSON, and does not declare it."""

    def respond(self, request: ChatRequest) -> Iterator[Delta | ChatResponse]:
        if isinstance(request.output, JsonOutput):
            yield ChatResponse(Message("assistant", '{"probe_property": "x"}'))
        else:
            yield from super().respond(request)


class NeverStreams(Echo):
    """Declares a stream, and gives all at once."""

    def respond(self, request: ChatRequest) -> Iterator[Delta | ChatResponse]:
        yield [*super().respond(request)][-1]


class GoesOn(Echo):
    """Does not notice that its reader left."""

    def respond(self, request: ChatRequest) -> Iterator[Delta | ChatResponse]:
        try:
            yield from super().respond(request)
        finally:
            time.sleep(1.2 if "hello" in request.messages[-1].text else 0)


class NeedsText(Echo):
    """Takes it that there always is a text."""

    def respond(self, request: ChatRequest) -> Iterator[Delta | ChatResponse]:
        request.messages[-1].text.split()[0]
        yield from super().respond(request)


class Kit(ProviderConformance):
    __test__ = False


SHOWN = "a_capability_is_declared_exactly_when_an_answer_shows_it"
OF_THIS_PROCESS: list[tuple[type, str]] = [
    (Numbers, "a_blocking_and_an_async_call_give_the_same_answer"),
    (BoastsTools, SHOWN),
    (BoastsImages, "what_it_declares_to_take_is_taken"),
    (BoastsASeed, "what_it_declares_to_take_is_taken"),
    (CallsInSecret, SHOWN),
    (WritesJsonInSecret, SHOWN),
    (NeverStreams, SHOWN),
    (GoesOn, "a_reader_that_leaves_ends_the_answer_within_a_second"),
    (NeedsText, "what_it_cannot_answer_is_refused_with_an_error_of_the_framework"),
]
PROOFS = {
    "good": proof(Kit, Echo),
    "good with all sorts of parts": proof(Kit, TakesAll),
    "good behind HTTP": proof(OPENAI, spoiled(requests.Codec)),
    "good with reasoning": proof(GOOGLE, spoiled(requests.Codec, GoogleProvider)),
    "names an embedder that is none": proof(
        OPENAI, declaring(OpenAIProvider), EMBED, only=True, embedder=Secret
    ),
    "declares stream, and none is given": proof(
        OPENAI,
        OpenAIProvider,
        CANNED,
        **{
            name: dataclasses.replace(canned, stream="")
            for name in ("text", "tools")
            if (canned := getattr(OPENAI, name))
        },
    ),
    "gives nothing before the end": proof(
        OPENAI, spoiled(answers.KeepsAllToTheEnd), LEAVES, only=True, patience=0.3
    ),
    **{
        f"{codec.__name__}: {rule}": proof(OPENAI, spoiled(codec), rule, only=True)
        for codec, rule in OF_CODECS
    },
    **{
        f"{codec.__name__}: {rule}": proof(GOOGLE, spoiled(codec, GoogleProvider), rule, only=True)
        for codec, rule in OF_REASONING
    },
    **{f"{made.__name__}: {rule}": proof(OPENAI, made, rule, only=True) for made, rule in OF_PROVIDERS},
    **{f"{made.__name__}: {rule}": proof(Kit, made, rule, only=True) for made, rule in OF_THIS_PROCESS},
    **{
        f"does {capability} in secret": proof(
            GOOGLE, declaring(GoogleProvider, capability), CAPABILITY, only=True
        )
        for capability in ("seed", "audio", "files", "stop", "tools")
    },
}


@pytest.mark.parametrize("fault", PROOFS)
def test_a_fault_of_a_provider_fails_the_rule_about_it(fault: str) -> None:
    PROOFS[fault].check()
