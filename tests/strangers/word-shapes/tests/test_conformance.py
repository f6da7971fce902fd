"""What ``graphbit plugins check`` and pytest try the embedder by."""

from __future__ import annotations

from typing import Any, ClassVar

from word_shapes import LetterformsEmbedder

from graphbit_core.testing import EmbedderConformance


class TestLetterformsEmbedder(EmbedderConformance):
    """The rules that all embedders keep which compute in this process."""

    component = LetterformsEmbedder
    other_settings: ClassVar[dict[str, Any]] = {"rounding": False}


def test_words_of_one_outline_are_alike() -> None:
    bed, lot, hat, hut = LetterformsEmbedder().embed(["bed", "lot", "hat", "hut"])
    assert bed == lot == hat
    assert hat != hut
    flat = LetterformsEmbedder(rounding=False)
    assert flat.embed(["hat"]) == flat.embed(["hut"])
