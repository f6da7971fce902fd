"""The splitter ``heading``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import ClassVar

from graphbit_core import Chunk, check_whole_number
from graphbit_core.text import check_sizes, check_text, split_recursive, to_chunks

_LINE = re.compile(r"^ {0,3}(?:(?P<fence>```|~~~)|(?P<marks>#{1,6})[ \t])", re.MULTILINE)
_SEPARATORS = ("\n\n", "\n", ". ", " ")


class HeadingSplitter:
    """Cuts Markdown at its headings; a ``#`` in a block of code is none.

    Args:
        chunk_size: Most characters of a chunk; a longer section is cut further.
        chunk_overlap: Most characters that two chunks of one section share.
        depth: Headings of more marks than this, 1 to 6, begin no chunk.

    Raises:
        ConfigError: A setting is no whole number or out of range, or the overlap is not below the size.
    """

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)

    def __init__(self, *, chunk_size: int = 1000, chunk_overlap: int = 0, depth: int = 6) -> None:
        self._size, self._overlap = check_sizes(chunk_size, chunk_overlap)
        self._depth = check_whole_number("depth", depth, 1, 6)

    def split(self, text: str) -> list[Chunk]:
        """The chunks, in order."""
        check_text(text)
        return to_chunks(text, self._spans(text))

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        for start, end in pairwise([0, *self._headings(text), len(text)]):
            for first, last in split_recursive(text[start:end], self._size, self._overlap, _SEPARATORS):
                yield start + first, start + last

    def _headings(self, text: str) -> Iterator[int]:
        """Where a section begins; what is between two fences of one kind is code."""
        fence = None
        for found in _LINE.finditer(text):
            if found["fence"]:
                fence = None if fence == found["fence"] else fence or found["fence"]
            elif fence is None and len(found["marks"]) <= self._depth:
                yield found.start()
