"""Rules for vector stores."""

from __future__ import annotations

import json
import math
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from graphbit_core.contracts.vector_store import STORE_CAPABILITIES, VectorStore
from graphbit_core.errors import ConfigError, GraphBitError, ValidationError
from graphbit_core.testing.rules.elsewhere import PRELUDE, environment, place_of
from graphbit_core.testing.rules.in_process import InProcessConformance
from graphbit_core.types.documents import Condition, Match, Query, Record

_DIMENSIONS = 8
_WRITER = f"""{PRELUDE}
from graphbit_core.types.documents import Record
place, settings = json.loads(sys.argv[1])
store = find(*place)(**settings)
for i in range(100_000):
    vector = [float(i + 1)] + [1.0] * 7
    store.add([Record(f"{{i}}-{{j}}", vector, f"text {{i}} {{j}}", dict(i=i)) for j in range(10)])
    print(i, flush=True)
"""


def _axis(index: int, tilt: float = 0.0) -> list[float]:
    """A direction along one axis, tilted a little towards the next one."""
    vector = [0.0] * _DIMENSIONS
    vector[index % _DIMENSIONS] = 1.0
    vector[(index + 1) % _DIMENSIONS] += tilt
    return vector


def _cosine(left: Sequence[float], right: Sequence[float]) -> float:
    dot = sum(a * b for a, b in zip(left, right, strict=True))
    return dot / (math.hypot(*left) * math.hypot(*right))


def _ids(matches: Sequence[Match]) -> list[str]:
    return [match.id for match in matches]


class VectorStoreConformance(InProcessConformance):
    """Rules for vector stores: a subclass gives ``component``; the kit gives path, collection and dimensions.

    They prove that records come back as they were, that search finds the nearest in a stable order, that what
    ``add`` returned for survives a killed process, and that threads may share a store. Capabilities are
    checked both ways: one that is declared must work, and one that works must be declared. A store that is
    not ``persistent`` takes ``path`` too, and keeps nothing there.
    """

    kind = "vector_store"
    given = frozenset({"dimensions"})

    def open(self, path: Path | None, **settings: Any) -> Any:
        """The store of this kit at ``path``; a store that lives elsewhere overrides this."""
        place = {} if path is None and "path" not in self.known_settings()[0] else {"path": path}
        return self.make(**{**place, "collection": "kit", "dimensions": _DIMENSIONS, **settings})

    def make(self, **settings: Any) -> Any:
        """A fresh instance; in memory unless ``settings`` say otherwise."""
        return super().make(**{"dimensions": _DIMENSIONS, **settings})

    def use(self, instance: Any, folder: Path) -> Any:
        instance.add([Record("a", _axis(0), "first words", {"n": 1}), Record("b", _axis(1), "second")])
        return _ids(instance.search(Query(_axis(1), k=2, text="second"))), instance.count()

    def declares(self, capability: str) -> bool:
        """Whether the component declares ``capability``."""
        return capability in self.component.capabilities

    def _place(self, folder: Path) -> Path | None:
        """None for a store that keeps nothing on disk: one rule tells if it does not take a path."""
        return folder if self.declares("persistent") else None

    def _check_declared(self, capability: str, works: bool) -> None:
        declared = self.declares(capability)
        assert works or not declared, f"{capability} is declared and does not work"
        assert declared or not works, f"{capability} works; add it to `capabilities`"

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Any]:
        """An empty store, closed when the test ends."""
        store = self.open(self._place(tmp_path / "store"))
        yield store
        store.close()

    # --- records -----------------------------------------------------------------------------------

    def test_is_a_vector_store_with_known_capabilities(self, store: Any) -> None:
        assert isinstance(store, VectorStore), "it lacks a method of VectorStore"
        unknown = sorted(self.component.capabilities - STORE_CAPABILITIES)
        assert not unknown, f"there is no capability {unknown}; there are {sorted(STORE_CAPABILITIES)}"

    def test_what_was_added_comes_back_as_it_was(self, store: Any) -> None:
        metadata: dict[str, Any] = {
            "source": "ü/日本.txt",
            "page": 3,
            "ratio": 0.5,
            "draft": True,
            "title": None,
            'odd "key".[]': "",
        }
        store.add([Record("one/é", _axis(0), "Zeile 1\n\tZeile 2 🦀", metadata)])
        (record,) = store.get(["one/é"])
        assert (record.id, record.text) == ("one/é", "Zeile 1\n\tZeile 2 🦀")
        assert dict(record.metadata) == metadata, f"metadata came back as {dict(record.metadata)}"
        assert [type(value) for value in dict(record.metadata).values()] == [
            type(value) for value in metadata.values()
        ]
        assert list(record.vector) == pytest.approx(_axis(0), abs=1e-6)

    def test_get_keeps_the_order_asked_for_and_leaves_out_what_is_not_there(self, store: Any) -> None:
        store.add(Record(name, _axis(i), name) for i, name in enumerate("abc"))
        assert [record.id for record in store.get(["c", "missing", "a"])] == ["c", "a"]
        assert store.get([]) == []

    def test_adding_an_id_again_replaces_the_whole_record(self, store: Any) -> None:
        store.add([Record("a", _axis(0), "old words", {"old": 1, "kept": "no"})])
        store.add([Record("a", _axis(1), "new", {"new": 2})])
        assert store.count() == 1
        (record,) = store.get(["a"])
        assert (record.text, dict(record.metadata)) == ("new", {"new": 2})
        assert store.search(Query(_axis(1), k=1))[0].score > store.search(Query(_axis(0), k=1))[0].score

    def test_of_one_id_given_twice_at_once_the_last_one_counts(self, store: Any) -> None:
        store.add([Record("a", _axis(0), "first"), Record("a", _axis(1), "last")])
        assert [record.text for record in store.get(["a"])] == ["last"]
        assert store.count() == 1

    def test_adding_and_deleting_nothing_does_nothing(self, store: Any) -> None:
        store.add([])
        store.delete([])
        store.delete(["never there"])
        assert store.count() == 0
        assert store.search(Query(_axis(0))) == []

    def test_what_was_deleted_is_found_no_more(self, store: Any) -> None:
        store.add(Record(name, _axis(0), "same words") for name in "abc")
        store.delete(["b", "missing"])
        assert store.count() == 2
        assert _ids(store.search(Query(_axis(0), k=5, text="same words"))) == ["a", "c"]
        assert store.get(["b"]) == []

    def test_a_vector_of_another_length_is_refused_and_nothing_is_lost(self, store: Any) -> None:
        store.add([Record("a", _axis(0), "kept")])
        for vector in ([1.0], [1.0] * (_DIMENSIONS + 1), []):
            with pytest.raises(GraphBitError):
                store.add([Record("b", vector, "wrong")])
            with pytest.raises(ValidationError):
                store.search(Query(vector))
        assert [record.id for record in store.get(["a", "b"])] == ["a"]

    def test_records_that_break_off_are_the_callers_error_and_the_store_goes_on(self, store: Any) -> None:
        def records() -> Iterator[Record]:
            yield Record("a", _axis(0), "first")
            raise KeyError("the caller's")

        with pytest.raises(KeyError, match="the caller's"):
            store.add(records())
        store.add([Record("b", _axis(1), "after")])
        assert "b" in _ids(store.search(Query(_axis(1), k=2)))

    # --- search ------------------------------------------------------------------------------------

    def test_the_nearest_come_first_with_falling_scores(self, store: Any) -> None:
        store.add(Record(f"{tilt}", _axis(0, tilt), "") for tilt in (0.9, 0.1, 0.5, 0.0))
        matches = store.search(Query(_axis(0), k=3))
        assert _ids(matches) == ["0.0", "0.1", "0.5"]
        assert [match.score for match in matches] == sorted((m.score for m in matches), reverse=True)

    def test_equal_scores_come_in_order_of_id_also_at_the_cut(self, store: Any) -> None:
        names = [f"{i:03}" for i in range(60)]
        shuffled = random.Random(7).sample(names, len(names))  # noqa: S311 - an order, not a secret
        store.add(Record(name, _axis(0), "") for name in shuffled)
        assert _ids(store.search(Query(_axis(0), k=7))) == names[:7]

    def test_a_search_over_many_records_is_exact(self, store: Any) -> None:
        numbers = random.Random(3)  # noqa: S311 - test data
        vectors = {f"{i:04}": [numbers.gauss(0, 1) for _ in range(_DIMENSIONS)] for i in range(1_000)}
        store.add(Record(name, vector, "") for name, vector in vectors.items())
        ask = vectors["0500"]
        expected = sorted(vectors, key=lambda name: -_cosine(ask, vectors[name]))[:10]
        assert _ids(store.search(Query(ask, k=10))) == expected

    def test_k_below_one_is_refused(self, store: Any) -> None:
        with pytest.raises(ValueError, match="k"):
            store.search(Query(_axis(0), k=0))

    # --- filter ------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("condition", "expected"),
        [
            (Condition("n", "==", 2), "b"),
            (Condition("n", "!=", 2), "acde"),
            (Condition("n", "in", [1, 3, 9]), "ac"),
            (Condition("n", "in", []), ""),
            (Condition("n", ">", 1), "bcd"),
            (Condition("n", ">=", 2), "bcd"),
            (Condition("n", "<", 2.5), "ab"),
            (Condition("n", "<=", 1), "a"),
            (Condition("kind", "==", "even"), "bd"),
            (Condition("kind", "in", ["odd", "none"]), "ac"),
            (Condition("kind", "==", None), "e"),
            (Condition("kind", "!=", None), "abcd"),
            (Condition("flag", "==", True), "a"),
            (Condition('a "b".[c]', "==", "x"), "c"),
            (Condition("no such key", "==", "x"), ""),
        ],
    )
    def test_a_condition_holds_for_exactly_the_records_it_should(
        self, store: Any, condition: Condition, expected: str
    ) -> None:
        self._add_five(store)
        if not self.declares("filter"):
            pytest.skip("declares no filter")
        assert _ids(store.search(Query(_axis(0), k=10, where=[condition]))) == list(expected)
        assert sorted(_ids(store.search(Query(_axis(0), k=10, where=[condition], text="words")))) == list(
            expected
        )

    def test_conditions_hold_together_and_the_best_k_of_what_is_left_are_found(self, store: Any) -> None:
        self._add_five(store)
        where = [Condition("n", ">", 1), Condition("kind", "==", "even")]
        found = _ids(store.search(Query(_axis(0), k=1, where=where)))
        self._check_declared("filter", found == ["b"])

    def test_delete_where_removes_what_fits_and_nothing_else(self, store: Any) -> None:
        self._add_five(store)
        store.delete_where([Condition("kind", "==", "even"), Condition("n", ">=", 3)])
        assert [record.id for record in store.get(list("abcde"))] == list("abce")

    def test_a_condition_that_makes_no_sense_is_refused(self, store: Any) -> None:
        if not self.declares("filter"):
            pytest.skip("declares no filter")
        wrong: list[Any] = [("n", ">", "two"), ("n", "like", "x"), ("n", "==", [1]), ("n", "in", "abc")]
        for key, operator, value in wrong:
            with pytest.raises(ValueError, match="n "):
                store.search(Query(_axis(0), where=[Condition(key, operator, value)]))

    def _add_five(self, store: Any) -> None:
        store.add(
            [
                Record("a", _axis(0, 0.1), "words", {"n": 1, "kind": "odd", "flag": True}),
                Record("b", _axis(0, 0.2), "words", {"n": 2.0, "kind": "even", "flag": False}),
                Record("c", _axis(0, 0.3), "words", {"n": 3, "kind": "odd", 'a "b".[c]': "x"}),
                Record("d", _axis(0, 0.4), "words", {"n": 4, "kind": "even"}),
                Record("e", _axis(0, 0.5), "words", {"kind": None}),
            ]
        )

    # --- words -------------------------------------------------------------------------------------

    def test_words_change_the_ranking_if_and_only_if_hybrid_is_declared(self, store: Any) -> None:
        texts = ["the loop ends", "the zebra sleeps", "the value returns", "the name binds"]
        store.add(Record(f"{i}", _axis(0), text) for i, text in enumerate(texts))
        plain = _ids(store.search(Query(_axis(0), k=4)))
        worded = _ids(store.search(Query(_axis(0), k=4, text="which zebra?")))
        assert plain == ["0", "1", "2", "3"]
        assert sorted(worded) == plain
        self._check_declared("hybrid", worded[0] == "1")

    def test_text_without_a_known_word_still_finds_the_nearest(self, store: Any) -> None:
        store.add([Record("a", _axis(0), "one"), Record("b", _axis(3), "two")])
        for text in ("", "…", "unheard"):
            assert _ids(store.search(Query(_axis(0), k=1, text=text))) == ["a"]

    # --- life --------------------------------------------------------------------------------------

    def test_records_outlive_the_store_if_and_only_if_persistent_is_declared(self, tmp_path: Path) -> None:
        with closing(self._open_on_disk(tmp_path)) as store:
            store.add([Record("a", _axis(0), "kept words", {"n": 1})])
            store.add([Record("b", _axis(1), "dropped")])
            store.delete(["b"])
        with closing(self.open(tmp_path)) as store:
            self._check_declared("persistent", store.count() == 1)
            if self.declares("persistent"):
                assert [match.text for match in store.search(Query(_axis(0), text="kept"))] == ["kept words"]
        left = [] if self.declares("persistent") else sorted(file.name for file in tmp_path.iterdir())
        assert not left, f"it left {left} in `path`, where a store that is not persistent keeps nothing"

    def _open_on_disk(self, path: Path) -> Any:
        try:
            return self.open(path)
        except (GraphBitError, TypeError) as error:
            if self.declares("persistent"):
                raise
            raise AssertionError(
                "take `path` and keep nothing there, as every store does that is not persistent, or declare "
                f"persistent; it refused a path: {error}"
            ) from None

    def test_a_killed_writer_loses_nothing_that_add_had_returned_for(self, tmp_path: Path) -> None:
        if not self.declares("persistent"):
            pytest.skip("keeps nothing beyond the process")
        for acknowledged in (1, 2, 6):
            path = tmp_path / str(acknowledged)
            last = self._write_until_killed(path, acknowledged)
            with closing(self.open(path)) as store:
                wanted = [f"{i}-{j}" for i in range(last + 1) for j in range(10)]
                assert [record.id for record in store.get(wanted)] == wanted
                store.add([Record("after", _axis(5), "the store still takes records")])
                assert store.search(Query(_axis(5), k=1))[0].id == "after"

    def _write_until_killed(self, path: Path, acknowledged: int) -> int:
        settings = {**self.settings, "path": str(path), "collection": "kit", "dimensions": _DIMENSIONS}
        command = [sys.executable, "-c", _WRITER, json.dumps([place_of(self.component), settings])]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment())  # noqa: S603 - our own
        assert writer.stdout is not None
        with writer.stdout:
            lines = [writer.stdout.readline() for _ in range(acknowledged)]
            writer.send_signal(signal.SIGKILL)
            lines += writer.stdout.readlines()
        writer.wait()
        assert all(lines), "the writer ended before it was killed"
        return int([line for line in lines if line.endswith(b"\n")][-1])

    def test_another_length_of_vectors_in_the_same_collection_is_a_config_error(self, tmp_path: Path) -> None:
        if not self.declares("persistent"):
            pytest.skip("keeps nothing beyond the process")
        with closing(self.open(tmp_path)) as store:
            store.add([Record("a", _axis(0), "")])
        with pytest.raises(ConfigError, match="dimensions"):
            self.open(tmp_path, dimensions=_DIMENSIONS + 1)
        with closing(self.open(tmp_path)) as store:
            assert store.count() == 1

    def test_collections_in_one_place_do_not_see_each_other(self, tmp_path: Path) -> None:
        one, two = (self.open(self._place(tmp_path), collection=name) for name in ("one", "two"))
        with closing(one), closing(two):
            one.add([Record("a", _axis(0), "")])
            assert (one.count(), two.count()) == (1, 0), "what is added to one collection is in another"

    def test_a_store_in_memory_forgets(self) -> None:
        with closing(self.open(None)) as store:
            store.add([Record("a", _axis(0), "")])
            assert store.count() == 1
        with closing(self.open(None)) as store:
            assert store.count() == 0

    def test_closing_again_does_nothing_and_a_closed_store_says_so(self, tmp_path: Path) -> None:
        store = self.open(self._place(tmp_path))
        store.close()
        store.close()
        with pytest.raises(GraphBitError, match="closed"):
            store.count()

    def test_many_threads_write_and_search_at_once(self, store: Any) -> None:
        def work(thread: int) -> int:
            for i in range(5):
                store.add(Record(f"{thread}-{i}-{j}", _axis(thread), f"word{thread}") for j in range(10))
                store.search(Query(_axis(thread), k=3, text=f"word{thread}"))
            return len(store.search(Query(_axis(thread), k=50)))

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(work, range(8))) == [50] * 8
        assert store.count() == 400
