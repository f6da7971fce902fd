"""Tokenizers: count text as a model does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol, runtime_checkable


@runtime_checkable
class Tokenizer(Protocol):
    """Counts as a model does."""

    graphbit_api: ClassVar[tuple[int, int]]

    def count(self, text: str) -> int:
        """Number of tokens in ``text``; special tokens count as ordinary text."""
        ...

    def boundaries(self, text: str) -> Sequence[int]:
        """Character index at which each token ends; a cut inside a character moves to its end."""
        ...
