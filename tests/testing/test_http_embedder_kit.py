"""The kit of embedders behind HTTP fails embedders with one fault each."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from graphbit_google import GoogleEmbedder
from kit_runs import proof, conformance_tests

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


KIT = conformance_tests("providers/google").TestGoogleEmbedder


def spoiled(codec: type[_Codec]) -> type:
    class Spoiled(GoogleEmbedder):
        """An embedder with a fault."""

        def codec(self) -> Any:
            return codec(super().codec())

    return Spoiled


class Alike(GoogleEmbedder):
    """An embedder that is known by its model only."""

    @property
    def fingerprint(self) -> str:
        return "google"


class ShowsInLogs(_Codec):
    def error(self, response: HttpResponse) -> ProviderError:
        error: ProviderError = self.good.error(response)
        logging.getLogger("kit").debug("the API said %s", response.body)
        return error


class OneCallAtATime(_Codec):
    """Keeps for all what belongs to a call."""

    texts: ClassVar[Sequence[str]] = ()

    def encode(self, texts: Sequence[str]) -> HttpRequest:
        OneCallAtATime.texts = list(texts)
        time.sleep(0.002)
        sent: HttpRequest = self.good.encode(OneCallAtATime.texts)
        return sent


class Padded(_Codec):
    """Makes numbers of what is none."""

    def decode(self, response: HttpResponse) -> Vectors:
        rows = response.json()["embeddings"]
        return Vectors(
            [[v if math.isfinite(v) else 0.0 for v in map(as_float, row["values"])] for row in rows]
        )


def as_finite(value: Any) -> float:
    try:
        return float(value) if math.isfinite(value) else 0.0
    except OverflowError:
        return 0.0


class ComputesHere(GoogleEmbedder):
    """Is behind HTTP, and offers to compute here."""

    def embed(self, texts: Sequence[str]) -> Any:
        return [[0.0]] * len(texts)


FAULTS: dict[str, tuple[type, str]] = {
    "vectors in another order": (spoiled(Reverses), "every_form_of_a_reply_reads_the_same"),
    "batches in another order": (spoiled(Reverses), "many_texts_go_in_batches_and_keep_their_order"),
    "any number is taken": (spoiled(TakesAnyNumber), "too_few_or_many_or_uneven_vectors_are_never_vectors"),
    "a number is made up": (spoiled(Padded), "numbers_that_are_not_finite_are_never_vectors"),
    "garbage is taken": (spoiled(TakesAnyNumber), "garbage_is_never_vectors"),
    "half a reply is taken": (spoiled(TakesHalf), "a_reply_cut_at_any_byte_is_never_vectors"),
    "an error is taken": (spoiled(TakesHalf), "an_error_with_status_200_is_never_vectors"),
    "not pure": (spoiled(Asks), "a_codec_is_pure_and_keeps_its_credential"),
    "errors are all alike": (spoiled(EveryErrorIsUnavailable), "a_status_is_the_error_it_stands_for"),
    "the key is in the URL": (spoiled(KeyInTheUrl), "a_codec_is_pure_and_keeps_its_credential"),
    "the key is in the log": (spoiled(ShowsInLogs), "no_error_or_log_shows_the_key"),
    "one call at a time": (spoiled(OneCallAtATime), "threads_and_tasks_may_share_a_client"),
    "a fingerprint that does not change": (Alike, "the_fingerprint_changes_with_what_changes_vectors"),
    "computes here": (ComputesHere, "is_an_embedder_behind_http"),
}
PROOFS = {
    "good": proof(KIT, spoiled(_Codec)),
    **{fault: proof(KIT, made, rule, only=True) for fault, (made, rule) in FAULTS.items()},
}


@pytest.mark.parametrize("fault", PROOFS)
def test_a_fault_of_an_embedder_behind_http_fails_the_rule_about_it(fault: str) -> None:
    PROOFS[fault].check()
