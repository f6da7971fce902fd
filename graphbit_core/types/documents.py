"""Documents, chunks, and what a vector store keeps and finds. Offsets count characters, not bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Metadata = Mapping[str, str | int | float | bool | None]
"""Flat facts about a text. Keys used across packages: ``source``, ``page``, ``paragraph``, ``title``."""

Vector = Sequence[float]


@dataclass(frozen=True, slots=True)
class Document:
    """One unit of text that a loader read: a page of a PDF, or a whole text file.

    Attributes:
        text: The text.
        metadata: At least ``source`` (the path or URL as given); ``page`` counts from 1.
    """

    text: str
    metadata: Metadata = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a text: ``source_text[start:end] == text`` always holds.

    Attributes:
        text: The piece.
        start: Index of its first character.
        end: Index after its last character.
        metadata: The document's metadata.
    """

    text: str
    start: int
    end: int
    metadata: Metadata = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """What a vector store keeps. ``id`` is unique in its collection; adding it again replaces it."""

    id: str
    vector: Vector
    text: str
    metadata: Metadata = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Match:
    """A record that was found. Higher ``score`` is better; scores compare only within one query."""

    id: str
    score: float
    text: str
    metadata: Metadata = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition on metadata; several together must all hold.

    A key that a record lacks counts as None. ``True`` equals 1 and ``2`` equals 2.0, as in Python; ``>`` and
    its like compare numbers only, and no record without a number fits them.
    """

    key: str
    operator: Literal["==", "!=", "in", ">", ">=", "<", "<="]
    value: Any


@dataclass(frozen=True, slots=True)
class Query:
    """A search.

    Attributes:
        vector: Nearest to this.
        k: How many matches at most, at least 1.
        where: Conditions on metadata that must all hold.
        text: The words asked for; a store that can rank by words (capability ``hybrid``) fuses both
            rankings, another ignores it.
    """

    vector: Vector
    k: int = 5
    where: Sequence[Condition] = ()
    text: str | None = None
