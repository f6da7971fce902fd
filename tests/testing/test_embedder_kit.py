"""The kit of embedders behind HTTP fails embedders with one fault each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from graphbit_google import GoogleEmbedder
from kit_runs import run_kit

from graphbit_core import GraphBitError, HttpRequest, HttpResponse, ProviderError, UnavailableError, Vectors


class _Codec:
    """The codec of the Gemini API, to be spoiled."""

    def __init__(self, good: Any) -> None:
        self.good = good
        self.max_batch = good.max_batch

    def encode(self, texts: Sequence[str]) -> HttpRequest:
        sent: HttpRequest = self.good.encode(texts)
        return sent

    def decode(self, response: HttpResponse) -> Vectors:
        found: Vectors = self.good.decode(response)
        return found

    def error(self, response: HttpResponse) -> ProviderError:
        error: ProviderError = self.good.error(response)
        return error


class Reverses(_Codec):
    def decode(self, response: HttpResponse) -> Vectors:
        found: Vectors = self.good.decode(response)
        return replace(found, vectors=found.vectors[::-1])


class TakesAnyNumber(_Codec):
    def decode(self, response: HttpResponse) -> Vectors:
        rows = response.json()["embeddings"]
        return Vectors([row["values"] for row in rows])


class TakesHalf(_Codec):
    def decode(self, response: HttpResponse) -> Vectors:
        try:
            found: Vectors = self.good.decode(response)
        except GraphBitError:
            return Vectors([])
        return found


class Asks(_Codec):
    def encode(self, texts: Sequence[str]) -> HttpRequest:
        sent: HttpRequest = self.good.encode(texts)
        self.count = getattr(self, "count", 0) + 1
        return replace(sent, body=json.dumps({**json.loads(sent.body), "n": self.count}).encode())


class EveryErrorIsUnavailable(_Codec):
    def error(self, response: HttpResponse) -> ProviderError:
        return UnavailableError("scripted", status=response.status)


class KeyInTheUrl(_Codec):
    def encode(self, texts: Sequence[str]) -> HttpRequest:
        sent: HttpRequest = self.good.encode(texts)
        return replace(sent, url=f"{sent.url}?key={sent.headers['x-goog-api-key']}")


TESTS = "google/TestGoogleEmbedder"
FAULTS: dict[str, tuple[type[_Codec], str]] = {
    "vectors in another order": (Reverses, "test_every_form_of_a_reply_reads_the_same"),
    "batches in another order": (Reverses, "test_many_texts_go_in_batches"),
    "any number is taken": (TakesAnyNumber, "test_numbers_that_are_not_finite"),
    "garbage is taken": (TakesAnyNumber, "test_garbage_is_never_vectors"),
    "half a reply is taken": (TakesHalf, "test_a_reply_cut_at_any_byte"),
    "an error is taken": (TakesHalf, "test_an_error_with_status_200"),
    "not pure": (Asks, "test_a_codec_is_pure"),
    "errors are all alike": (EveryErrorIsUnavailable, "test_a_status_is_the_error"),
    "the key is in the URL": (KeyInTheUrl, "test_a_codec_is_pure"),
}


def spoiled(codec: type[_Codec]) -> type:
    class Spoiled(GoogleEmbedder):
        """An embedder with a fault."""

        def codec(self) -> Any:
            return codec(super().codec())

    return Spoiled


@pytest.mark.parametrize("fault", FAULTS)
def test_the_kit_finds_a_fault(fault: str) -> None:
    codec, found_by = FAULTS[fault]
    assert run_kit(spoiled(_Codec), found_by, TESTS) == pytest.ExitCode.OK
    assert run_kit(spoiled(codec), found_by, TESTS) == pytest.ExitCode.TESTS_FAILED


def test_the_kit_finds_a_fingerprint_that_does_not_change() -> None:
    class Alike(GoogleEmbedder):
        """An embedder that is known by its model only."""

        @property
        def fingerprint(self) -> str:
            return "google"

    assert run_kit(Alike, "fingerprint", TESTS) == pytest.ExitCode.TESTS_FAILED
