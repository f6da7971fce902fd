"""Rules for splitters."""

from __future__ import annotations

import random
import time
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import pytest

from graphbit_core.errors import ConfigError, ValidationError
from graphbit_core.testing.rules.in_process import InProcessConformance
from graphbit_core.types.documents import Chunk

PROSE = "Pears are green. Apples are red! Who eats figs?\n\n" * 60
TEXTS = {
    "prose": PROSE,
    "one word": "a" * 5000,
    "no letters": "= - _ * " * 500,
    "white space inside": "word" + " \t\r\n\u00a0\u2028" * 200 + "word",
    "CRLF": "One line.\r\nAnother one.\r\n\r\n" * 100,
    "Japanese": "吾輩は猫である。名前はまだ無い。" * 100,
    "emoji": "👨‍👩‍👧‍👦 🇩🇪 😀👍🏽 " * 100,
    "combining": "e\u0301a\u0308o\u0302\u0323" * 300,
    "one long cluster": "o" + "\u0301" * 2000,
    "right to left": "שלום עולם. مرحبا بالعالم. " * 100,
    "special tokens": "<|endoftext|> and <|im_start|>user " * 100,
    "control characters": "\0\x1b\x7f\ufeff\ufffd x" * 200,
}
_LONG = 500_000


class SplitterConformance(InProcessConformance):
    """Rules for splitters: a subclass gives ``component``, and ``length`` if it does not count characters.

    They prove that chunks are pieces of the text, hold all of it, are no longer than they may be and overlap
    as they should, whatever the text; that time grows with the length; that wrong sizes are refused by name.
    """

    kind = "splitter"
    cpu_seconds: ClassVar[float] = 20.0
    """Most CPU time that a text of half a million characters may take."""

    sizes: ClassVar[tuple[tuple[int, int], ...]] = ((100, 20), (100, 0), (40, 39), (7, 3), (2, 1), (1, 0))
    """Pairs of ``chunk_size`` and ``chunk_overlap`` to try."""

    def length(self, text: str) -> int:
        """The length of ``text`` in the unit of ``chunk_size``."""
        return len(text)

    def use(self, instance: Any, folder: Path) -> Any:
        return list(instance.split(PROSE))

    @pytest.mark.parametrize("name", TEXTS)
    def test_chunks_are_pieces_of_the_text_and_hold_all_of_it(self, name: str) -> None:
        for size, overlap in self.sizes:
            self._check(TEXTS[name], size, overlap)

    def test_any_text_is_split_by_the_same_rules(self) -> None:
        rng = random.Random(7)  # noqa: S311 - the same texts every time
        for _ in range(100):
            alphabet = rng.choice([" ab.\n", "aä😀👍🏽\u0301\u200d 日", _any_characters(rng)])
            text = "".join(rng.choices(alphabet, k=rng.randrange(200)))
            size = rng.randint(1, 30)
            self._check(text, size, rng.randrange(size))

    @pytest.mark.parametrize("text", ["", " ", "\n\t \u2003\r\n" * 500])
    def test_a_text_without_words_gives_no_chunks(self, text: str) -> None:
        chunks = list(self._split(text, 50, 10))
        assert chunks == [], f"white space alone gives {chunks!r:.200}"

    def test_a_short_text_is_one_chunk(self) -> None:
        chunks = list(self.make().split("Just this."))
        assert chunks == [Chunk("Just this.", 0, 10)], f"it gives {chunks!r:.200}"

    def test_without_overlap_nothing_is_repeated(self) -> None:
        for text in TEXTS.values():
            for before, after in pairwise(self._split(text, 50, 0)):
                assert before.end <= after.start, "two chunks share text, with chunk_overlap 0"

    def test_with_overlap_something_is_repeated(self) -> None:
        chunks = self._split(PROSE, 60, 30)
        shared = any(after.start < before.end for before, after in pairwise(chunks))
        assert shared, "no two chunks share text, with chunk_overlap 30"

    @pytest.mark.parametrize("unit", ["a", " ", "a. ", "e\u0301", "日", "\n\n-"])
    def test_a_long_text_takes_time_in_proportion(self, unit: str) -> None:
        text = (unit * _LONG)[:_LONG] + "."
        self.make().split("warm up")
        started = time.process_time()
        self.make().split(text)
        took = time.process_time() - started
        assert took < self.cpu_seconds, f"{_LONG} characters take {took:.0f} s"

    def test_half_a_surrogate_pair_is_split_or_refused_by_name(self) -> None:
        text = "Some words. \ud83d And more. " * 20
        try:
            chunks = self._split(text, 50, 10)
        except ValidationError as error:
            assert error.field == "text", "say ValidationError(…, field='text')"
        else:
            assert all(text[chunk.start : chunk.end] == chunk.text for chunk in chunks)

    @pytest.mark.parametrize("settings", [
        {"chunk_size": 0}, {"chunk_size": -5}, {"chunk_size": "9"}, {"chunk_size": 1.5}, {"chunk_size": True},
        {"chunk_overlap": -1}, {"chunk_overlap": None}, {"chunk_size": 10, "chunk_overlap": 10},
    ])  # fmt: skip
    def test_wrong_sizes_are_refused_by_name(self, settings: dict[str, Any]) -> None:
        with pytest.raises(ConfigError) as caught:
            self.make(**settings)
        assert caught.value.setting in settings, f"say ConfigError(…, setting=…) of {settings}"

    def _split(self, text: str, size: int, overlap: int) -> list[Chunk]:
        return list(self.make(chunk_size=size, chunk_overlap=overlap).split(text))

    def _check(self, text: str, size: int, overlap: int) -> None:
        chunks = self._split(text, size, overlap)
        covered = 0
        for chunk in chunks:
            piece = text[chunk.start : chunk.end]
            assert piece == chunk.text, f"text[start:end] is {piece!r:.80}, the chunk has {chunk.text!r:.80}"
            assert chunk.text.strip(), "no chunk is blank"
            assert self.length(chunk.text) <= size or len(chunk.text) == 1, "a chunk is longer than its size"
            assert not text[covered : chunk.start].strip(), f"text before character {chunk.start} is missing"
            assert chunk.end > covered, "every chunk reaches further than the one before"
            covered = chunk.end
        assert not text[covered:].strip(), f"text after character {covered} is missing"
        starts = [chunk.start for chunk in chunks]
        assert starts == sorted(set(starts)), "chunks come in order, each with a start of its own"


def _any_characters(rng: random.Random) -> str:
    points = (rng.choice((rng.randrange(0xD800), rng.randrange(0xE000, 0x110000))) for _ in range(30))
    return "".join(map(chr, points))
