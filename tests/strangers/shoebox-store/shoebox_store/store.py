"""The vector store ``shoebox``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from heapq import nsmallest
from operator import mul
from pathlib import Path
from threading import Lock
from typing import ClassVar

from graphbit_core import Condition, Match, Query, Record, ValidationError, check_whole_number
from graphbit_core.records import all_hold, check_collection, check_conditions, check_query, check_record


class ShoeboxStore:
    """Keeps vectors in memory, and nowhere else.

    Args:
        dimensions: Length of a vector, at least 1.
        path: Taken as of every store; nothing is kept there.
        collection: Its name; no two stores share records, whatever they are called.
        most: How many records it takes, at least 1.

    Raises:
        ConfigError: A setting is wrong.
    """

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    capabilities: ClassVar[frozenset[str]] = frozenset({"filter"})

    def __init__(
        self,
        *,
        dimensions: int,
        path: str | Path | None = None,
        collection: str = "default",
        most: int = 100_000,
    ) -> None:
        self._dimensions = check_whole_number("dimensions", dimensions, 1)
        self._most = check_whole_number("most", most, 1)
        check_collection(collection)
        self._lock = Lock()
        self._records: dict[str, Record] | None = {}

    def add(self, records: Iterable[Record]) -> None:
        """Adds or replaces, all of them or none."""
        new = {
            record.id: replace(record, vector=_unit(check_record(record, self._dimensions)))
            for record in records
        }
        with self._lock:
            kept = {**self._usable(), **new}
            if len(kept) > self._most:
                raise ValidationError(f"the shoebox takes {self._most} records, not {len(kept)}")
            self._records = kept

    def get(self, ids: Sequence[str]) -> list[Record]:
        """The records that exist, in the order of ``ids``; their vectors have length 1."""
        records = self._usable()
        return [records[name] for name in ids if name in records]

    def delete(self, ids: Sequence[str]) -> None:
        """Removes them; ids that do not exist are ignored."""
        with self._lock:
            gone = set(ids)
            self._records = {name: kept for name, kept in self._usable().items() if name not in gone}

    def delete_where(self, where: Sequence[Condition]) -> None:
        """Removes every record for which all conditions hold."""
        check_conditions(where)
        with self._lock:
            self._records = {
                name: kept for name, kept in self._usable().items() if not all_hold(where, kept.metadata)
            }

    def search(self, query: Query) -> list[Match]:
        """At most ``query.k`` matches by cosine, best first; equal scores in order of id."""
        vector = _unit(check_query(query, self._dimensions))
        scored = (
            (-sum(map(mul, vector, record.vector)), record.id, record)
            for record in self._usable().values()
            if all_hold(query.where, record.metadata)
        )
        best = nsmallest(query.k, scored)
        return [Match(name, -score, record.text, record.metadata) for score, name, record in best]

    def count(self) -> int:
        """How many records there are."""
        return len(self._usable())

    def close(self) -> None:
        """Forgets all; again it does nothing."""
        with self._lock:
            self._records = None

    def _usable(self) -> dict[str, Record]:
        """The records; the dict is replaced and never changed, so readers need no lock."""
        records = self._records
        if records is None:
            raise ValidationError("the shoebox is closed; make a new one")
        return records


def _unit(vector: list[float]) -> list[float]:
    """The vector with length 1; zeros stay zeros."""
    length = math.hypot(*vector)
    return [value / length for value in vector] if length else vector
