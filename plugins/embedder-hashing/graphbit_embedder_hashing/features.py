"""What is computed once per word: its stem and the slots of its groups of letters."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from threading import Lock
from typing import Any
from zlib import crc32

import snowballstemmer  # type: ignore[import-untyped]

from graphbit_core import ConfigError

_CACHED_WORDS = 1 << 16
_GROUPS = (3, 4)
_LONGEST = 64
"""Characters of a word that count; beyond this it is data, not a word."""

_stemming = Lock()
"""A stemmer keeps the word it works on in itself."""


@lru_cache(_CACHED_WORDS)
def stem(language: str, word: str) -> str:
    """The word's stem. Raises ConfigError for a language without a stemmer."""
    stemmer = _stemmer(language)
    with _stemming:
        return str(stemmer.stemWord(word[:_LONGEST]))


@lru_cache(_CACHED_WORDS)
def letter_slots(language: str, word: str, dimensions: int) -> tuple[tuple[int, float], ...]:
    """Slot and sign of every group of 3 and 4 letters of the marked stem; never empty."""
    marked = f"<{stem(language, word)}>"
    groups = [marked[i : i + size] for size in _GROUPS for i in range(len(marked) - size + 1)] or [marked]
    hashes = [crc32(f"c{group}".encode()) for group in groups]
    return tuple((hashed % dimensions, 1.0 if hashed & 0x8000_0000 else -1.0) for hashed in hashes)


@lru_cache
def _stemmer(language: str) -> Any:
    """The stemmer in Python, also where PyStemmer is installed: vectors must not depend on that."""
    if language not in snowballstemmer.algorithms():
        known = ", ".join(sorted(snowballstemmer.algorithms()))
        raise ConfigError(f"language {language!r} has no stemmer; use one of {known}", setting="language")
    module = import_module(f"snowballstemmer.{language}_stemmer")
    return getattr(module, f"{language.title().replace('_', '')}Stemmer")()
