"""Splitting where the text has a seam: paragraphs, else lines, else sentences, else words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from graphbit_core import Chunk, ConfigError
from graphbit_core.text import check_sizes, check_text, split_recursive, to_chunks

SEPARATORS = ("\n\n", "\n", ". ", " ")


class RecursiveSplitter:
    """Cuts after the coarsest separator that makes the pieces fit, and joins small pieces again.

    ``separators`` go from coarse to fine; after the last one, text is cut between characters.
    """

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)

    def __init__(
        self, *, chunk_size: int = 1000, chunk_overlap: int = 200, separators: Sequence[str] = SEPARATORS
    ) -> None:
        self._size, self._overlap = check_sizes(chunk_size, chunk_overlap)
        if isinstance(separators, str) or not all(isinstance(item, str) and item for item in separators):
            message = f"setting 'separators' must be a list of texts that are not empty, not {separators!r}"
            raise ConfigError(message, setting="separators")
        self._separators = tuple(separators)

    def split(self, text: str) -> list[Chunk]:
        """Chunks of at most ``chunk_size`` characters that end at a seam where there is one."""
        check_text(text)
        return to_chunks(text, split_recursive(text, self._size, self._overlap, self._separators))
