"""What a text is about: its stems, without the words that every text has."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from functools import lru_cache
from importlib import import_module
from threading import Lock
from typing import Any

from graphbit_extractive.words import ASKING, COMMON, FUNCTION

_WORD = re.compile(r"\w+")
_PREFIX = 4
"""Two terms are related if one begins with the other and both have so many letters: "dict", "dictionary"."""
_RELATED = 0.9

_stemming = Lock()
"""A stemmer keeps the word it works on in itself."""


def terms(text: str) -> list[str]:
    """Stems in order of occurrence, repeated ones repeated, without function words."""
    return [_stem(word) for word in _WORD.findall(text.lower()) if word not in FUNCTION]


def likeness(term: str, others: AbstractSet[str]) -> float:
    """1 if ``others`` has the term, a little less for a related one, else 0."""
    if term in others:
        return 1.0
    if len(term) < _PREFIX:
        return 0.0
    related = (len(o) >= _PREFIX and (o.startswith(term) or term.startswith(o)) for o in others)
    return _RELATED if any(related) else 0.0


def is_asking(term: str) -> bool:
    """Whether questions are made of this term, whatever they ask."""
    return term in _stems(ASKING)


def is_common(term: str) -> bool:
    """Whether the term is an everyday word."""
    return term in _stems(COMMON)


@lru_cache(1 << 16)
def _stem(word: str) -> str:
    """The stem of a word in lower case; a name with underscores stays as it is."""
    if "_" in word:
        return word
    with _stemming:
        return str(_stemmer().stemWord(word))


@lru_cache
def _stems(words: frozenset[str]) -> frozenset[str]:
    return frozenset(map(_stem, words))


@lru_cache
def _stemmer() -> Any:
    """The stemmer in Python, also where PyStemmer is installed: answers must not depend on that."""
    return import_module("snowballstemmer.english_stemmer").EnglishStemmer()
