"""Tokenizers: count text as a model does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol, runtime_checkable


@runtime_checkable
class Tokenizer(Protocol):
    """Made with settings as keywords; counts as a model does.

    Threads:
        The caller's thread, so from several at once.
    """

    graphbit_api: ClassVar[tuple[int, int]]

    def __init__(self, **settings: Any) -> None: ...

    def count(self, text: str) -> int:
        """Number of tokens in ``text``; special tokens count as ordinary text.

        Raises:
            ValidationError: The text holds half a surrogate pair, which no encoding has.
        """
        ...

    def boundaries(self, text: str) -> Sequence[int]:
        """Character index at which each token ends; a cut inside a character moves to its end.

        As many as ``count`` gives, in order; the last is the length of the text.

        Raises:
            ValidationError: As ``count``.
        """
        ...
