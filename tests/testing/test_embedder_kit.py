"""Each rule for embedders that compute here fails on one that breaks it."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
from kit_runs import proof

from graphbit_core import ValidationError
from graphbit_core.testing import EmbedderConformance
from graphbit_core.text import check_text


class Good:
    """Counts words by their digest."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)

    def __init__(self, *, dimensions: int = 64) -> None:
        self._dimensions = dimensions

    @property
    def dimensions(self) -> int:
        return self._dimensions

    @property
    def fingerprint(self) -> str:
        return f"good-{self._dimensions}"

    def embed(self, texts: Sequence[str]) -> Any:
        return [self.vector(text) for text in texts]

    def vector(self, text: str) -> list[float]:
        check_text(text)
        vector = [0.0] * self._dimensions
        for word in re.findall(r"\w+", text.lower()):
            digest = hashlib.sha256(self.salted(word).encode()).digest()
            vector[int.from_bytes(digest[:4], "big") % self._dimensions] += 1.0
        return vector

    def salted(self, word: str) -> str:
        return word


class NoEmbedder(Good):
    """Has no vectors."""

    embed = None  # type: ignore[assignment]


class OneShort(Good):
    """Promises a number more than it gives."""

    @property
    def dimensions(self) -> int:
        return self._dimensions + 1


class Divides(Good):
    """Divides by the number of words."""

    def vector(self, text: str) -> list[float]:
        count = len(text.split())
        return [value / count if count else float("nan") for value in super().vector(text)]


class LooksAround(Good):
    """Looks at the texts beside."""

    def embed(self, texts: Sequence[str]) -> Any:
        return [[value + len(texts) / 10 for value in vector] for vector in super().embed(texts)]


class MeansNothing(Good):
    """Knows whole texts only."""

    def vector(self, text: str) -> list[float]:
        check_text(text)
        place = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % self._dimensions
        return [float(at == place) for at in range(self._dimensions)]


class Random(Good):
    """Has other vectors in each instance."""

    def __init__(self, *, dimensions: int = 64) -> None:
        super().__init__(dimensions=dimensions)
        self._salt = os.urandom(4).hex()

    def salted(self, word: str) -> str:
        return self._salt + word


class KnownByName(Good):
    """Is always known by the same name."""

    @property
    def fingerprint(self) -> str:
        return "good"


class OfThisProcess(Good):
    """Has other vectors in another process."""

    def salted(self, word: str) -> str:
        return f"{os.getpid()}{word}"


class Careless(Good):
    """Encodes what cannot be encoded."""

    def vector(self, text: str) -> list[float]:
        try:
            return super().vector(text)
        except ValidationError as error:
            raise UnicodeError(str(error)) from error


class Shares(Good):
    """Keeps the text where every thread can reach it."""

    turn = threading.Event()

    def vector(self, text: str) -> list[float]:
        self._text = text
        self.turn.wait(0.0005)
        return super().vector(self._text)


class Kit(EmbedderConformance):
    __test__ = False
    other_settings = {"dimensions": 32}


AGREE = "two_instances_agree_and_have_the_same_fingerprint"
PROCESS = "another_process_computes_the_same_vectors"
THREADS = "many_threads_at_once_get_the_same"
TASKS = "works_inside_a_running_event_loop_and_for_many_tasks_at_once"
FILES = "settings_that_went_through_a_file_work_alike"

PROOFS = {
    "good": proof(Kit, Good),
    "no embedder": proof(Kit, NoEmbedder, "is_a_local_embedder", only=True),
    "one short": proof(Kit, OneShort, "gives_one_vector_per_text_of_the_promised_length", only=True),
    "divides": proof(Kit, Divides, "every_value_is_finite_also_for_empty_and_very_long_text", only=True),
    "looks around": proof(Kit, LooksAround, "a_vector_does_not_depend_on_the_texts_beside_it"),
    "means nothing": proof(Kit, MeansNothing, "a_near_text_is_nearer_than_one_that_is_not"),
    "random": proof(Kit, Random, AGREE, PROCESS, FILES),
    "known by name": proof(Kit, KnownByName, "the_fingerprint_changes_with_settings_that_change_vectors"),
    "of this process": proof(Kit, OfThisProcess, PROCESS),
    "careless": proof(Kit, Careless, "half_a_surrogate_pair_has_a_vector_or_is_refused_by_name"),
    "shares": proof(Kit, Shares, THREADS, TASKS),
}


@pytest.mark.parametrize("fault", PROOFS)
def test_a_fault_of_an_embedder_fails_the_rule_about_it(fault: str) -> None:
    PROOFS[fault].check()
