"""Each rule for vector stores fails on a store that is wrong or says what is not so."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kit_runs import proof
from stores import FileStore, ListStore, check_condition, holds, words

from graphbit_core import Condition, ConfigError, Match, Query, Record
from graphbit_core.testing import VectorStoreConformance


class BoastsPersistence(ListStore):
    capabilities = frozenset({"persistent"})


class BoastsFilter(ListStore):
    capabilities = frozenset({"filter"})


class BoastsWords(ListStore):
    capabilities = frozenset({"hybrid"})


class BoastsMagic(ListStore):
    """Declares what no store can."""

    capabilities = frozenset({"magic"})


class RanksByWordsInSecret(ListStore):
    def score(self, query: Query, record: Record) -> float:
        shared = words(query.text or "") & words(record.text)
        return super().score(query, record) + len(shared)


class FiltersInSecret(ListStore):
    def considered(self, query: Query) -> list[Record]:
        return [record for record in super().considered(query) if all(holds(c, record) for c in query.where)]


_kept: dict[tuple[Any, str], dict[str, Record]] = {}


class PersistsInSecret(ListStore):
    def __init__(self, *, dimensions: int, path: Path | None = None, collection: str = "default") -> None:
        super().__init__(dimensions=dimensions)
        self._records = _kept.setdefault((path, collection), {}) if path else {}


class RefusesAPath(ListStore):
    """Takes a path only if it is None."""

    def __init__(self, *, dimensions: int, path: Path | None = None, collection: str = "default") -> None:
        if path is not None:
            raise ConfigError("there is nothing on disk", setting="path")
        super().__init__(dimensions=dimensions)


class KnowsNoPath(ListStore):
    """Has no setting of that name."""

    def __init__(self, *, dimensions: int, collection: str = "default") -> None:
        super().__init__(dimensions=dimensions)


class LeavesAFile(ListStore):
    """Keeps no record, and leaves a file."""

    def __init__(self, *, dimensions: int, path: Path | None = None, collection: str = "default") -> None:
        super().__init__(dimensions=dimensions)
        if path is not None:
            (path / "lock").touch()


class MakesTextOfAll(FileStore):
    """Keeps metadata as text."""

    def keep(self, records: Mapping[str, Record]) -> None:
        super().keep(
            {
                name: replace(record, metadata={key: str(value) for key, value in record.metadata.items()})
                for name, record in records.items()
            }
        )


class HasAnOrderOfItsOwn(FileStore):
    """Gives records in the order they came in."""

    def get(self, ids: Sequence[str]) -> list[Record]:
        return [record for name, record in self.open().items() if name in ids]


class Merges(FileStore):
    """Keeps old metadata of a record that is replaced."""

    def keep(self, records: Mapping[str, Record]) -> None:
        old = {name: self.open()[name].metadata if name in self.open() else {} for name in records}
        super().keep({n: replace(r, metadata={**old[n], **r.metadata}) for n, r in records.items()})


class TakesTheFirst(FileStore):
    """Of one id given twice keeps the first."""

    def add(self, records: Iterable[Record]) -> None:
        first: dict[str, Record] = {}
        for record in records:
            first.setdefault(record.id, record)
        super().add(first.values())


class MindsTheMissing(FileStore):
    """Takes it amiss that there is nothing to delete."""

    def delete(self, ids: Sequence[str]) -> None:
        if ids and not set(ids) & self.open().keys():
            raise KeyError(ids[0])
        super().delete(ids)


class Resurrects(FileStore):
    """Finds what was deleted."""

    def considered(self, query: Query) -> list[Record]:
        return [*super().considered(query), *self.__dict__.get("gone", ())]

    def delete(self, ids: Sequence[str]) -> None:
        self.gone = self.get(ids)
        super().delete(ids)


class TakesAnyLength(FileStore):
    """Does not count the numbers of a vector."""

    def check(self, vector: Sequence[float]) -> None:
        """Takes all."""

    def score(self, query: Query, record: Record) -> float:
        size = max(len(query.vector), len(record.vector), 1)
        query = replace(query, vector=[*query.vector, *[1e-9] * size][:size])
        record = replace(record, vector=[*record.vector, *[1e-9] * size][:size])
        return super().score(query, record)


class GivesUp(FileStore):
    """Takes nothing any more after records that broke off."""

    def add(self, records: Iterable[Record]) -> None:
        if self.__dict__.get("busy"):
            raise RuntimeError("records are being added")
        self.busy = True
        super().add(records)
        self.busy = False


class FarthestFirst(FileStore):
    """Sorts in the wrong direction."""

    def search(self, query: Query) -> list[Match]:
        everything = super().search(replace(query, k=max(query.k, self.count(), 1) if query.k > 0 else 0))
        return everything[::-1][: query.k]


class LastOfEqualsFirst(FileStore):
    """Has another order for those that are equally near."""

    def search(self, query: Query) -> list[Match]:
        everything = super().search(replace(query, k=max(query.k, self.count(), 1) if query.k > 0 else 0))
        everything.sort(key=lambda match: match.id, reverse=True)
        everything.sort(key=lambda match: -match.score)
        return everything[: query.k]


class Approximates(FileStore):
    """Is content with what is nearly right."""

    def score(self, query: Query, record: Record) -> float:
        return round(super().score(query, record), 1)


class TakesAnyNumber(FileStore):
    """Gives nothing where nothing is asked for."""

    def search(self, query: Query) -> list[Match]:
        return super().search(query) if query.k > 0 else []


class TakesGreaterForGreaterOrEqual(FileStore):
    """Has one condition wrong."""

    def considered(self, query: Query) -> list[Record]:
        where = [replace(c, operator=">") if c.operator == ">=" else c for c in query.where]
        return super().considered(replace(query, where=where))


class DeletesTooMuch(FileStore):
    """Looks at one condition only."""

    def delete_where(self, where: Sequence[Condition]) -> None:
        super().delete_where(where[:1])


class TakesNonsense(FileStore):
    """Takes a condition that makes no sense for one that never holds."""

    def considered(self, query: Query) -> list[Record]:
        try:
            for condition in query.where:
                check_condition(condition)
        except ValueError:
            return []
        return super().considered(query)


class WantsAWord(FileStore):
    """Finds nothing where no word is known."""

    def considered(self, query: Query) -> list[Record]:
        everything = super().considered(query)
        known = set().union(*(words(record.text) for record in everything))
        return everything if query.text is None or words(query.text) & known else []


class WritesLater(FileStore):
    """Writes when it is closed."""

    def write(self, lines: Sequence[Any]) -> None:
        self.lines = [*self.__dict__.get("lines", ()), *lines]

    def close(self) -> None:
        super().write(self.__dict__.get("lines", ()))
        self.lines = []
        super().close()


class TakesAnyCollection(FileStore):
    """Does not mind of what length the vectors of a collection are."""

    def check_dimensions(self, there: int) -> None:
        self._dimensions = there


class HasOneCollection(ListStore):
    """Keeps all collections of a place in one."""

    def __init__(self, *, dimensions: int, path: Path | None = None, collection: str = "default") -> None:
        super().__init__(dimensions=dimensions)
        self._records = _kept.setdefault((path, ""), {})


class Remembers(ListStore):
    """Keeps what was in memory."""

    memory: dict[str, Record] = {}

    def __init__(self, *, dimensions: int, path: Path | None = None, collection: str = "default") -> None:
        super().__init__(dimensions=dimensions)
        self._records = {} if path else self.memory


class NeverCloses(FileStore):
    """Answers after it was closed."""

    def close(self) -> None:
        """Does nothing."""


class LosesUpdates(FileStore):
    """Keeps only what the last of several threads wrote."""

    def keep(self, records: Mapping[str, Record]) -> None:
        seen = {**self.open()}
        time.sleep(0.001)
        self._records = {**seen, **records}

    delete_where = None  # type: ignore[assignment]


class Kit(VectorStoreConformance):
    __test__ = False


PERSISTENT = "records_outlive_the_store_if_and_only_if_persistent_is_declared"
FILTER = "conditions_hold_together_and_the_best_k_of_what_is_left_are_found"
HYBRID = "words_change_the_ranking_if_and_only_if_hybrid_is_declared"
LENGTH = "another_length_of_vectors_in_the_same_collection_is_a_config_error"

FAULTS: dict[type, str] = {
    BoastsMagic: "is_a_vector_store_with_known_capabilities",
    BoastsPersistence: PERSISTENT,
    PersistsInSecret: PERSISTENT,
    BoastsFilter: FILTER,
    FiltersInSecret: FILTER,
    BoastsWords: HYBRID,
    RanksByWordsInSecret: HYBRID,
    MakesTextOfAll: "what_was_added_comes_back_as_it_was",
    HasAnOrderOfItsOwn: "get_keeps_the_order_asked_for_and_leaves_out_what_is_not_there",
    Merges: "adding_an_id_again_replaces_the_whole_record",
    TakesTheFirst: "of_one_id_given_twice_at_once_the_last_one_counts",
    MindsTheMissing: "adding_and_deleting_nothing_does_nothing",
    Resurrects: "what_was_deleted_is_found_no_more",
    TakesAnyLength: "a_vector_of_another_length_is_refused_and_nothing_is_lost",
    GivesUp: "records_that_break_off_are_the_callers_error_and_the_store_goes_on",
    FarthestFirst: "the_nearest_come_first_with_falling_scores",
    LastOfEqualsFirst: "equal_scores_come_in_order_of_id_also_at_the_cut",
    Approximates: "a_search_over_many_records_is_exact",
    TakesAnyNumber: "k_below_one_is_refused",
    TakesGreaterForGreaterOrEqual: "a_condition_holds_for_exactly_the_records_it_should",
    DeletesTooMuch: "delete_where_removes_what_fits_and_nothing_else",
    TakesNonsense: "a_condition_that_makes_no_sense_is_refused",
    WantsAWord: "text_without_a_known_word_still_finds_the_nearest",
    WritesLater: "a_killed_writer_loses_nothing_that_add_had_returned_for",
    TakesAnyCollection: LENGTH,
    HasOneCollection: "collections_in_one_place_do_not_see_each_other",
    Remembers: "a_store_in_memory_forgets",
    NeverCloses: "closing_again_does_nothing_and_a_closed_store_says_so",
    LosesUpdates: "many_threads_write_and_search_at_once",
}

PROOFS = {
    "good": proof(Kit, ListStore),
    "good in a file": proof(Kit, FileStore),
    **{store.__name__: proof(Kit, store, PERSISTENT) for store in (RefusesAPath, KnowsNoPath, LeavesAFile)},
    **{store.__name__: proof(Kit, store, rule, only=True) for store, rule in FAULTS.items()},
}


@pytest.mark.parametrize("fault", PROOFS)
def test_a_fault_of_a_store_fails_the_rule_about_it(fault: str) -> None:
    PROOFS[fault].check()
