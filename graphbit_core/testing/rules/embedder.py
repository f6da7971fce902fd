"""Rules for embedders that compute vectors in this process."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest

from graphbit_core.contracts.embedder import LocalEmbedder
from graphbit_core.errors import ValidationError
from graphbit_core.testing.rules.elsewhere import PRELUDE, environment, place_of
from graphbit_core.testing.rules.in_process import InProcessConformance

_TEXTS = (
    "The with statement wraps a block with methods of a context manager.",
    "Ein Wörterbuch ordnet Schlüsseln Werte zu.",
    "変数は値に名前をつけます。",
    "🦀🐍 naïve — “quotes”\u200d\r\n\ttabs",
    "",
)
_SCRIPT = f"""{PRELUDE}
place, settings, texts = json.loads(sys.stdin.read())
vectors = [[float(value) for value in vector] for vector in find(*place)(**settings).embed(texts)]
print(json.dumps(vectors))
"""


class VectorRules(InProcessConformance):
    """Rules about the vectors of an embedder that computes here. They need ``component`` alone."""

    kind = "embedder"
    related: ClassVar[tuple[str, str, str]] = (
        "How do I open a file and read its lines?",
        "Open the file, then read the lines of the file one by one.",
        "Bananas ripen faster beside apples.",
    )
    """A text, one near to it, and one that is not."""

    def use(self, instance: Any, folder: Path) -> Any:
        return instance.fingerprint, _lists(instance.embed(_TEXTS))

    def test_is_a_local_embedder(self) -> None:
        assert isinstance(self.make(), LocalEmbedder), (
            "it needs `dimensions`, `fingerprint` and `embed(texts)`"
        )

    def test_gives_one_vector_per_text_of_the_promised_length(self) -> None:
        embedder = self.make()
        vectors = embedder.embed(_TEXTS)
        assert len(vectors) == len(_TEXTS), f"{len(vectors)} vectors for {len(_TEXTS)} texts"
        lengths = {len(vector) for vector in vectors}
        assert lengths == {embedder.dimensions}, (
            f"`dimensions` is {embedder.dimensions}, and the vectors have {sorted(lengths)} numbers"
        )
        none = embedder.embed([])
        assert none == [], f"no texts have no vectors, not {none!r:.80}"

    def test_every_value_is_finite_also_for_empty_and_very_long_text(self) -> None:
        texts = [*_TEXTS, "word " * 20_000, "x" * 100_000]
        for text, vector in zip(texts, self.make().embed(texts), strict=True):
            finite = all(math.isfinite(value) for value in vector)
            assert finite, f"the vector of {text!r:.30} has a value that is not finite"

    def test_a_vector_does_not_depend_on_the_texts_beside_it(self) -> None:
        embedder = self.make()
        together = embedder.embed(_TEXTS)
        for text, vector in zip(_TEXTS, together, strict=True):
            assert list(embedder.embed([text])[0]) == pytest.approx(list(vector), abs=1e-6)

    def test_a_near_text_is_nearer_than_one_that_is_not(self) -> None:
        base, near, far = self.make().embed(self.related)
        assert _cosine(base, near) > _cosine(base, far), (
            "give `related` in its language, if that is not English"
        )

    def test_two_instances_agree_and_have_the_same_fingerprint(self) -> None:
        first, second = self.make(), self.make()
        assert first.fingerprint == second.fingerprint, "two that were made alike have two fingerprints"
        alike = _lists(first.embed(_TEXTS)) == _lists(second.embed(_TEXTS))
        assert alike, "two that were made alike give different vectors"

    def test_half_a_surrogate_pair_has_a_vector_or_is_refused_by_name(self) -> None:
        embedder = self.make()
        try:
            vectors = embedder.embed(["words \ud83d", "words"])
        except ValidationError as error:
            assert error.field == "text", "say ValidationError(…, field='text')"
        else:
            lengths = [len(vector) for vector in vectors]
            assert lengths == [embedder.dimensions] * 2, f"the vectors of two texts have {lengths} numbers"

    def test_another_process_computes_the_same_vectors(self) -> None:
        there = _in_another_process(self.component, self.settings, _TEXTS)
        assert there == _lists(self.make().embed(_TEXTS)), "another process computes other vectors"


class EmbedderConformance(VectorRules):
    """Rules for embedders that compute here: a subclass gives ``component``, ``other_settings``, and
    ``related`` where English is not its language. They prove that vectors are as long as promised, finite,
    the same everywhere, and nearer for what is alike; and that the fingerprint tells embedders apart.
    """

    needs: ClassVar[tuple[str, ...]] = ("other_settings",)
    other_settings: ClassVar[dict[str, Any] | None] = None
    """Settings that change the vectors, so that the fingerprint must change too; ``{}`` if none does."""

    def test_the_fingerprint_changes_with_settings_that_change_vectors(self) -> None:
        known, other = self.known_settings()[0], self.other_settings
        assert other is not None or not known, (
            f"give `other_settings`: values of {', '.join(known)} that change the vectors; {{}} if none does"
        )
        if other:
            same = self.make().fingerprint == self.make(**other).fingerprint
            assert not same, f"the fingerprint is the same with {other}; make it of all that changes vectors"


def _in_another_process(
    component: Any, settings: dict[str, Any], texts: tuple[str, ...]
) -> list[list[float]]:
    question = json.dumps([place_of(component), settings, texts])
    done = subprocess.run(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-c", _SCRIPT],
        input=question,
        capture_output=True,
        text=True,
        timeout=120,
        env=environment(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    vectors: list[list[float]] = json.loads(done.stdout)
    return vectors


def _lists(vectors: Any) -> list[list[float]]:
    return [[float(value) for value in vector] for vector in vectors]


def _cosine(left: Any, right: Any) -> float:
    dot = sum(a * b for a, b in zip(left, right, strict=True))
    return float(dot / (math.hypot(*left) * math.hypot(*right)))
