"""Splitting by a number of characters."""

from __future__ import annotations

from typing import ClassVar

from graphbit_core import Chunk
from graphbit_core.text import check_sizes, check_text, split_characters, to_chunks


class CharacterSplitter:
    """Cuts every ``chunk_size`` characters, wherever that is; the characters a reader sees stay whole."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)

    def __init__(self, *, chunk_size: int = 1000, chunk_overlap: int = 200) -> None:
        self._size, self._overlap = check_sizes(chunk_size, chunk_overlap)

    def split(self, text: str) -> list[Chunk]:
        """Windows over ``text``, the next one starting ``chunk_overlap`` before the end of the last."""
        check_text(text)
        return to_chunks(text, split_characters(text, self._size, self._overlap))
