"""Cutting text, for splitters and whoever else needs exact offsets. The scanning is done in the kernel.

What finds something returns spans ``(start, end)`` in characters, so ``text[start:end]`` is what was found.
"""

from __future__ import annotations

from collections.abc import Iterable

from graphbit_core.errors import ConfigError, ValidationError
from graphbit_core.kernel import sentences, split_characters, split_recursive, words
from graphbit_core.settings import check_whole_number
from graphbit_core.types.documents import Chunk

__all__ = [
    "check_sizes",
    "check_text",
    "sentences",
    "split_characters",
    "split_recursive",
    "to_chunks",
    "words",
]


def check_sizes(chunk_size: int, chunk_overlap: int) -> tuple[int, int]:
    """Returns the two settings that all splitters have.

    Raises:
        ConfigError: They are not whole numbers of at least 1 and 0, or the overlap is not below the size.
    """
    check_whole_number("chunk_size", chunk_size, 1)
    check_whole_number("chunk_overlap", chunk_overlap, 0)
    if chunk_overlap >= chunk_size:
        message = f"setting 'chunk_overlap' must be below chunk_size, {chunk_size}, not {chunk_overlap}"
        raise ConfigError(message, setting="chunk_overlap")
    return chunk_size, chunk_overlap


def to_chunks(text: str, spans: Iterable[tuple[int, int]]) -> list[Chunk]:
    """The pieces of ``text`` that are not only white space."""
    return [Chunk(text[start:end], start, end) for start, end in spans if not text[start:end].isspace()]


def check_text(text: str) -> None:
    """Raises ValidationError if ``text`` holds half of a surrogate pair, which no model can be sent."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        message = f"character {error.start} of the text is half of a surrogate pair; use clean_text() on it"
        raise ValidationError(message, field="text") from error
