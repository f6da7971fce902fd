"""Each rule for splitters fails on a splitter that breaks it."""

from __future__ import annotations

import threading
import time
from typing import Any, ClassVar

import pytest
from kit_runs import proof

from graphbit_core import Chunk, ConfigError, check_whole_number
from graphbit_core.testing import SplitterConformance
from graphbit_core.text import check_text, split_characters, to_chunks


class Good:
    """Cuts where there is white space, if it can."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)

    def __init__(self, *, chunk_size: int = 100, chunk_overlap: int = 10) -> None:
        self.size = check_whole_number("chunk_size", chunk_size, 1)
        self.overlap = check_whole_number("chunk_overlap", chunk_overlap, 0)
        if self.overlap >= self.size:
            raise ConfigError("chunk_overlap must be below chunk_size", setting="chunk_overlap")

    def split(self, text: str) -> list[Chunk]:
        """Chunks of the text."""
        check_text(text)
        return to_chunks(text, split_characters(text, self.size, self.overlap))


class Shifted(Good):
    """Says that each chunk is one character further on."""

    def split(self, text: str) -> list[Chunk]:
        return [Chunk(chunk.text, chunk.start + 1, chunk.end + 1) for chunk in super().split(text)]


class LosesTheEnd(Good):
    """Forgets the last chunk of a text of several."""

    def split(self, text: str) -> list[Chunk]:
        chunks = super().split(text)
        return chunks[:-1] if len(chunks) > 1 else chunks


class KeepsBlanks(Good):
    """Gives chunks of nothing."""

    def split(self, text: str) -> list[Chunk]:
        return super().split(text) or [Chunk(text, 0, len(text))]


class Trims(Good):
    """Cuts the last sign of a short text off."""

    def split(self, text: str) -> list[Chunk]:
        chunks = super().split(text)
        return [Chunk(text[:-1], 0, len(text) - 1)] if text.endswith("this.") else chunks


class AlwaysOverlaps(Good):
    """Repeats a little where nothing should be."""

    def __init__(self, *, chunk_size: int = 100, chunk_overlap: int = 10) -> None:
        super().__init__(chunk_size=chunk_size, chunk_overlap=chunk_overlap)
        self.overlap = self.overlap or self.size // 3


class NeverOverlaps(Good):
    """Repeats nothing."""

    def __init__(self, *, chunk_size: int = 100, chunk_overlap: int = 10) -> None:
        super().__init__(chunk_size=chunk_size, chunk_overlap=chunk_overlap)
        self.overlap = 0


class Slow(Good):
    """Looks at all that came before, for each chunk."""

    def split(self, text: str) -> list[Chunk]:
        until = time.process_time() + 0.4 * (len(text) > 100_000)
        while time.process_time() < until:
            pass
        return super().split(text)


class Careless(Good):
    """Encodes what cannot be encoded."""

    def split(self, text: str) -> list[Chunk]:
        text.encode()
        return super().split(text)


class Forgiving(Good):
    """Takes whatever sizes it is given."""

    def __init__(self, *, chunk_size: Any = 100, chunk_overlap: Any = 10) -> None:
        size = chunk_size if isinstance(chunk_size, int) and chunk_size > 0 else 100
        overlap = chunk_overlap if isinstance(chunk_overlap, int) and 0 <= chunk_overlap < size else 0
        super().__init__(chunk_size=int(size), chunk_overlap=overlap)


class Shares(Good):
    """Keeps the text where every thread can reach it."""

    turn = threading.Event()

    def split(self, text: str) -> list[Chunk]:
        self._text = text
        self.turn.wait(0.001)
        chunks = super().split(self._text)
        self._text = ""
        return chunks


PIECES = "chunks_are_pieces_of_the_text_and_hold_all_of_it"
ANY = "any_text_is_split_by_the_same_rules"
THREADS = "many_threads_at_once_get_the_same"
TASKS = "works_inside_a_running_event_loop_and_for_many_tasks_at_once"
SIZES = "wrong_sizes_are_refused_by_name"
TIME = "a_long_text_takes_time_in_proportion"

PROOFS = {
    "good": proof(SplitterConformance, Good),
    "shifted": proof(SplitterConformance, Shifted, PIECES, ANY, only=True),
    "loses the end": proof(SplitterConformance, LosesTheEnd, PIECES, ANY),
    "keeps blanks": proof(SplitterConformance, KeepsBlanks, "a_text_without_words_gives_no_chunks"),
    "trims": proof(SplitterConformance, Trims, "a_short_text_is_one_chunk"),
    "always overlaps": proof(SplitterConformance, AlwaysOverlaps, "without_overlap_nothing_is_repeated"),
    "never overlaps": proof(SplitterConformance, NeverOverlaps, "with_overlap_something_is_repeated"),
    "slow": proof(SplitterConformance, Slow, TIME, only=True, cpu_seconds=0.3),
    "careless": proof(SplitterConformance, Careless, "half_a_surrogate_pair_is_split_or_refused_by_name"),
    "forgiving": proof(SplitterConformance, Forgiving, SIZES),
    "shares": proof(SplitterConformance, Shares, THREADS, TASKS),
}


@pytest.mark.parametrize("fault", PROOFS)
def test_a_fault_of_a_splitter_fails_the_rule_about_it(fault: str) -> None:
    PROOFS[fault].check()
