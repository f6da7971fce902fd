"""Splitters: text to chunks that keep their place in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol, runtime_checkable

from graphbit_core.types.documents import Chunk


@runtime_checkable
class Splitter(Protocol):
    """Made with settings as keywords: at least ``chunk_size`` and ``chunk_overlap``, in its own unit."""

    graphbit_api: ClassVar[tuple[int, int]]

    def __init__(self, **settings: Any) -> None: ...

    def split(self, text: str) -> Sequence[Chunk]:
        """Chunks in order of ``start``: ``text[c.start:c.end] == c.text``, none empty, none longer than
        ``chunk_size`` units, and together covering every character that is not white space.
        """
        ...
