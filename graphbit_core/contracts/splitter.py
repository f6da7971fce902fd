"""Splitters: text to chunks that keep their place in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol, runtime_checkable

from graphbit_core.types.documents import Chunk


@runtime_checkable
class Splitter(Protocol):
    """Made with settings as keywords: at least ``chunk_size`` and ``chunk_overlap``, in its own unit.

    Threads:
        The caller's thread, or worker threads, from several at once.

    Raises:
        ConfigError: A size is no whole number, or the overlap is not below the size; the message names it.
    """

    graphbit_api: ClassVar[tuple[int, int]]

    def __init__(self, **settings: Any) -> None: ...

    def split(self, text: str) -> Sequence[Chunk]:
        """Chunks in order of ``start``: ``text[c.start:c.end] == c.text``, none empty, none longer than
        ``chunk_size`` units, and together covering every character that is not white space.

        ``start`` and ``end`` count characters. The same text gives the same chunks, and time grows in
        proportion to its length.
        """
        ...
