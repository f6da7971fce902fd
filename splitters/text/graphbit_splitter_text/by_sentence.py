"""Splitting by whole sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from graphbit_core import Chunk
from graphbit_core.text import check_sizes, check_text, sentences, split_recursive, to_chunks

_Span = tuple[int, int]


class SentenceSplitter:
    """Puts as many whole sentences into a chunk as ``chunk_size`` characters hold.

    ``chunk_overlap`` characters, rounded down to whole sentences, are repeated in the next chunk. Only a
    sentence that is longer than ``chunk_size`` is cut, between words if it has any.
    """

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)

    def __init__(self, *, chunk_size: int = 1000, chunk_overlap: int = 200) -> None:
        self._size, self._overlap = check_sizes(chunk_size, chunk_overlap)

    def split(self, text: str) -> list[Chunk]:
        """Chunks that begin and end with a sentence."""
        check_text(text)
        units = [unit for span in sentences(text) for unit in _fitting(text, span, self._size)]
        return to_chunks(text, _pack(units, self._size, self._overlap))


def _fitting(text: str, span: _Span, size: int) -> list[_Span]:
    """The sentence itself, or its pieces if it is too long."""
    start, end = span
    if end - start <= size:
        return [span]
    pieces = split_recursive(text[start:end], size, 0, (" ",))
    return [(start + first, start + last) for first, last in pieces]


def _pack(units: Sequence[_Span], size: int, overlap: int) -> Iterator[_Span]:
    first = 0
    while first < len(units):
        start = units[first][0]
        after = first + 1
        while after < len(units) and units[after][1] - start <= size:
            after += 1
        end = units[after - 1][1]
        yield start, end
        if after == len(units):
            return
        first = after
        while end - units[first - 1][0] <= overlap and units[after][1] - units[first - 1][0] <= size:
            first -= 1
