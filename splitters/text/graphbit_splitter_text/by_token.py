"""Splitting by a number of tokens."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, ClassVar

from graphbit_tokenizer_tiktoken import Cl100kBase, O200kBase

from graphbit_core import Chunk, Host, default_host
from graphbit_core.text import check_sizes, to_chunks

_OURS = {"cl100k_base": Cl100kBase, "o200k_base": O200kBase}
"""Tokenizers that also tell where a token ends inside a character; others are made by the host."""


class TokenSplitter:
    """Cuts every ``chunk_size`` tokens, as a tokenizer counts them.

    A cut inside a character moves to its edge. No chunk counts more than ``chunk_size`` tokens by itself,
    unless it is a single character that does.

    Args:
        chunk_size: Most tokens in a chunk.
        chunk_overlap: Tokens that a chunk shares with the one before.
        encoding: The name of an installed tokenizer.
        host: Where that is found; default: the process's.

    Raises:
        ConfigError: A size makes no sense.
        ComponentNotFoundError: No tokenizer of that name is installed.
    """

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)

    def __init__(
        self,
        *,
        chunk_size: int = 256,
        chunk_overlap: int = 32,
        encoding: str = "cl100k_base",
        host: Host | None = None,
    ) -> None:
        self._size, self._overlap = check_sizes(chunk_size, chunk_overlap)
        ours = _OURS.get(encoding)
        self._tokenizer: Any = ours() if ours else (host or default_host()).create("tokenizer", encoding)

    def split(self, text: str) -> list[Chunk]:
        """Chunks of ``chunk_size`` tokens, ``chunk_overlap`` of them shared with the one before."""
        return to_chunks(text, self._spans(text))

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        ends, totals = self._units(text)
        last_unit = len(ends) - 1
        first = done = 0
        while done < last_unit:
            last = max(first + 1, bisect_right(totals, totals[first] + self._size) - 1)
            # By itself a text may have a token more than it has in its place.
            while last > first + 1 and self._tokenizer.count(text[ends[first] : ends[last]]) > self._size:
                last -= 1
            if last > done:
                start, end = ends[first], ends[last]
                if last == first + 1 and self._tokenizer.count(text[start:end]) > self._size:
                    yield from pairwise(range(start, end + 1))  # character by character
                else:
                    yield start, end
                done = last
            first = max(first + 1, bisect_left(totals, totals[done] - self._overlap))

    def _units(self, text: str) -> tuple[Sequence[int], Sequence[int]]:
        """What is never cut, tokens or characters of several: where each ends, and the tokens up to there.

        Both lists begin with 0. Tokens that meet inside a character make one unit; if that is too long for
        a chunk (it can have other characters at its sides), its characters are units.
        """
        token_ends, inside = self._ends_and_cuts(text)
        if not any(inside):
            return [0, *token_ends], range(len(token_ends) + 1)
        ends, totals = [0], [0]
        weight = 0
        for end, is_inside in zip(token_ends, inside, strict=True):
            weight += 1
            if is_inside:
                continue
            if weight > self._size:
                for place in range(ends[-1], end - 1):
                    ends.append(place + 1)
                    totals.append(totals[-1] + self._tokenizer.count(text[place]))
                weight = self._tokenizer.count(text[end - 1])
            ends.append(end)
            totals.append(totals[-1] + weight)
            weight = 0
        return ends, totals

    def _ends_and_cuts(self, text: str) -> tuple[Sequence[int], Sequence[int]]:
        """Where each token ends, and whether that is inside a character.

        From boundaries alone that is known where several tokens end with one character; where it is not,
        counting a chunk by itself finds those that are too long.
        """
        if hasattr(self._tokenizer, "ends_and_cuts"):
            found: tuple[Sequence[int], Sequence[int]] = self._tokenizer.ends_and_cuts(text)
            return found
        ends = list(self._tokenizer.boundaries(text))
        return ends, [end in (0, after) for end, after in pairwise([*ends, -1])]
