"""What the splitters share: their two settings, and spans to chunks."""

from __future__ import annotations

from collections.abc import Iterable

from graphbit_core import Chunk, ConfigError, check_whole_number


def check_sizes(chunk_size: int, chunk_overlap: int) -> tuple[int, int]:
    """Returns both if they are whole numbers and the overlap is below the size; ConfigError otherwise."""
    check_whole_number("chunk_size", chunk_size, 1)
    check_whole_number("chunk_overlap", chunk_overlap, 0)
    if chunk_overlap >= chunk_size:
        message = f"setting 'chunk_overlap' must be below chunk_size, {chunk_size}, not {chunk_overlap}"
        raise ConfigError(message, setting="chunk_overlap")
    return chunk_size, chunk_overlap


def to_chunks(text: str, spans: Iterable[tuple[int, int]]) -> list[Chunk]:
    """The pieces of ``text`` that are not only white space."""
    return [Chunk(text[start:end], start, end) for start, end in spans if not text[start:end].isspace()]
