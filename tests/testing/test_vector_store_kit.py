"""The kit passes a store that is right, and fails one that is wrong or says what is not so."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from graphbit_core import API_VERSION, Condition, Match, Query, Record, ValidationError
from graphbit_core.testing import VectorStoreConformance


class ListStore:
    """Keeps records in a dict: neither persistent nor able to filter or to rank by words."""

    graphbit_api: ClassVar[tuple[int, int]] = API_VERSION
    capabilities: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, *, dimensions: int, path: Path | None = None, collection: str = "default") -> None:
        self._dimensions = dimensions
        self._records: dict[str, Record] | None = {}

    def add(self, records: Iterable[Record]) -> None:
        new = list(records)
        for record in new:
            self._check(record.vector)
        self._open().update({record.id: record for record in new})

    def get(self, ids: Sequence[str]) -> list[Record]:
        return [self._open()[item] for item in ids if item in self._open()]

    def delete(self, ids: Sequence[str]) -> None:
        for item in ids:
            self._open().pop(item, None)

    def delete_where(self, where: Sequence[Condition]) -> None:
        self.delete([record.id for record in self._open().values() if all(_holds(c, record) for c in where)])

    def search(self, query: Query) -> list[Match]:
        self._check(query.vector)
        if query.k < 1:
            raise ValidationError("k must be at least 1", field="k")
        found = [(self.score(query, record), record) for record in [*self._open().values()]]
        found.sort(key=lambda item: (-item[0], item[1].id))
        return [Match(r.id, score, r.text, r.metadata) for score, r in found[: query.k]]

    def score(self, query: Query, record: Record) -> float:
        dot = math.fsum(a * b for a, b in zip(query.vector, record.vector, strict=True))
        return round(dot / (math.hypot(*query.vector) * math.hypot(*record.vector)), 9)

    def count(self) -> int:
        return len(self._open())

    def close(self) -> None:
        self._records = None

    def _open(self) -> dict[str, Record]:
        if self._records is None:
            raise ValidationError("the store is closed")
        return self._records

    def _check(self, vector: Sequence[float]) -> None:
        if len(vector) != self._dimensions:
            raise ValidationError(f"the vector has {len(vector)} dimensions", field="vector")


def _holds(condition: Condition, record: Record) -> bool:
    value: Any = record.metadata.get(condition.key)
    if condition.operator == ">=":
        return value is not None and bool(value >= condition.value)
    return bool(value == condition.value)


class TestListStore(VectorStoreConformance):
    component = ListStore


class BoastsPersistence(ListStore):
    capabilities = frozenset({"persistent"})


class BoastsFilter(ListStore):
    capabilities = frozenset({"filter"})


class BoastsWords(ListStore):
    capabilities = frozenset({"hybrid"})


class RanksByWordsInSecret(ListStore):
    def score(self, query: Query, record: Record) -> float:
        shared = set((query.text or "").rstrip("?").split()) & set(record.text.split())
        return super().score(query, record) + len(shared)


class FiltersInSecret(ListStore):
    def search(self, query: Query) -> list[Match]:
        everything = Query(query.vector, max(len(self._open()), query.k), text=query.text)
        kept = [m for m in super().search(everything) if _fits(query.where, m)]
        return kept[: query.k]


def _fits(where: Sequence[Condition], match: Match) -> bool:
    for condition in where:
        value: Any = match.metadata.get(condition.key)
        if condition.operator == ">" and not (value is not None and value > condition.value):
            return False
        if condition.operator == "==" and value != condition.value:
            return False
    return True


_kept: dict[tuple[Any, str], dict[str, Record]] = {}


class PersistsInSecret(ListStore):
    def __init__(self, *, dimensions: int, path: Path | None = None, collection: str = "default") -> None:
        super().__init__(dimensions=dimensions)
        self._records = _kept.setdefault((path, collection), {})


PERSISTENT = "test_records_outlive_the_store_if_and_only_if_persistent_is_declared"
FILTER = "test_conditions_hold_together_and_the_best_k_of_what_is_left_are_found"
HYBRID = "test_words_change_the_ranking_if_and_only_if_hybrid_is_declared"


@pytest.mark.parametrize(
    ("store", "rule", "capability"),
    [
        (BoastsPersistence, PERSISTENT, "persistent"),
        (PersistsInSecret, PERSISTENT, "persistent"),
        (BoastsFilter, FILTER, "filter"),
        (FiltersInSecret, FILTER, "filter"),
        (BoastsWords, HYBRID, "hybrid"),
        (RanksByWordsInSecret, HYBRID, "hybrid"),
    ],
)
def test_a_capability_that_is_declared_wrongly_fails_the_rule_for_it(
    store: type[ListStore], rule: str, capability: str, tmp_path: Path
) -> None:
    kit = type("Kit", (VectorStoreConformance,), {"component": store})()
    argument = tmp_path if rule == PERSISTENT else kit.open(tmp_path)
    with pytest.raises(AssertionError, match=f"'{capability}' says otherwise"):
        getattr(kit, rule)(argument)
