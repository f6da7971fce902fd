from __future__ import annotations

import math
from typing import Any

import pytest
import snowballstemmer  # type: ignore[import-untyped]
from graphbit_embedder_hashing import HashingEmbedder

from graphbit_core import ConfigError


def cosine(left: str, right: str) -> float:
    one, two = HashingEmbedder().embed([left, right])
    return math.fsum(a * b for a, b in zip(one, two, strict=True))


def test_a_vector_has_length_one_and_a_text_without_words_is_zero() -> None:
    some, none = HashingEmbedder().embed(["a statement", " … __ "])
    assert math.hypot(*some) == pytest.approx(1)
    assert not any(none)


def test_forms_of_a_word_are_near_each_other() -> None:
    assert cosine("looping statements", "a loop statement") > 0.5


def test_a_misspelt_word_is_nearer_than_another_one() -> None:
    assert cosine("interpreter", "interpretr") > cosine("interpreter", "dictionary") + 0.05


def test_the_order_of_words_counts_a_little() -> None:
    assert cosine("dog bites man", "man bites dog") < cosine("dog bites man", "dog bites man") - 0.01


def test_case_and_ways_to_write_a_letter_do_not_count() -> None:
    assert cosine("Ｃａｆé STRASSE", "cafe\u0301 straße") == pytest.approx(1)


def test_repeating_a_text_does_not_turn_its_vector() -> None:
    once, often = "the cache keeps a value", "the cache keeps a value. " * 50
    assert cosine(once, often) > 0.95


@pytest.mark.parametrize("language", snowballstemmer.algorithms())
def test_every_language_with_a_stemmer_works(language: str) -> None:
    assert any(HashingEmbedder(language=language).embed(["abc слово كلمة"])[0])


def test_an_unknown_language_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="german") as caught:
        HashingEmbedder(language="klingon")
    assert caught.value.setting == "language"


@pytest.mark.parametrize("dimensions", [0, 15, 65_537, True, "512", 512.0])
def test_dimensions_out_of_range_are_refused(dimensions: Any) -> None:
    with pytest.raises(ConfigError, match="16 to 65,536"):
        HashingEmbedder(dimensions=dimensions)


def test_the_fingerprint_names_what_vectors_depend_on() -> None:
    base = HashingEmbedder().fingerprint
    assert (
        len(
            {
                base,
                HashingEmbedder(dimensions=256).fingerprint,
                HashingEmbedder(language="german").fingerprint,
            }
        )
        == 3
    )
