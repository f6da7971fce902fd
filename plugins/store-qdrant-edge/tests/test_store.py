from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from graphbit_store_qdrant_edge import QdrantEdgeStore
from graphbit_store_qdrant_edge.fusion import fuse

from graphbit_core import Condition, ConfigError, ForkError, Query, Record, ValidationError


def test_a_collection_is_open_once_in_all_processes_and_the_message_says_so(tmp_path: Path) -> None:
    script = "from graphbit_store_qdrant_edge import QdrantEdgeStore\n"
    script += f"QdrantEdgeStore(path={str(tmp_path)!r}, dimensions=2)"
    with closing(QdrantEdgeStore(path=tmp_path, dimensions=2)) as store:
        store.add([Record("a", [1, 0], "kept")])
        with pytest.raises(ConfigError, match="open already"):
            QdrantEdgeStore(path=tmp_path, dimensions=2)
        other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        assert "ConfigError" in other.stderr
        assert "open already" in other.stderr
        assert store.count() == 1
    with closing(QdrantEdgeStore(path=tmp_path, dimensions=2)) as store:
        assert store.count() == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_is_told_to_open_its_own_and_takes_no_lock_away(tmp_path: Path) -> None:
    with closing(QdrantEdgeStore(path=tmp_path, dimensions=2)) as store:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                store.count()
            except ForkError:
                store.close()
                code = 0
            os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        with pytest.raises(ConfigError, match="open already"):
            QdrantEdgeStore(path=tmp_path, dimensions=2)
        store.add([Record("a", [1, 0], "")])


def test_a_process_killed_while_it_made_the_collection_leaves_a_usable_place(tmp_path: Path) -> None:
    half = tmp_path / "default" / "shard.new"
    half.mkdir(parents=True)
    (half / "edge_config.json").write_text("{")
    with closing(QdrantEdgeStore(path=tmp_path, dimensions=2)) as store:
        store.add([Record("a", [1, 0], "")])
        assert store.count() == 1
    assert not half.exists()


def test_files_that_are_damaged_are_a_config_error_that_names_them(tmp_path: Path) -> None:
    QdrantEdgeStore(path=tmp_path, dimensions=2).close()
    (tmp_path / "default" / "shard" / "edge_config.json").write_text("{")
    for segment in (tmp_path / "default" / "shard" / "segments").iterdir():
        (segment / "segment.json").write_text("{")
    with pytest.raises(ConfigError, match="default"):
        QdrantEdgeStore(path=tmp_path, dimensions=2)
    (tmp_path / "default" / "graphbit.json").write_text("[]")
    with pytest.raises(ConfigError, match=r"graphbit\.json"):
        QdrantEdgeStore(path=tmp_path, dimensions=2)


def test_a_path_that_is_a_file_is_a_config_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError) as caught:
        QdrantEdgeStore(path=tmp_path / "file", dimensions=2)
    assert caught.value.setting == "path"


@pytest.mark.parametrize("collection", ["", "..", "a/b", ".hidden", "x" * 101])
def test_a_collection_whose_name_is_no_file_name_is_refused(tmp_path: Path, collection: str) -> None:
    with pytest.raises(ConfigError, match="collection"):
        QdrantEdgeStore(path=tmp_path, dimensions=2, collection=collection)
    assert list(tmp_path.iterdir()) == []


def test_the_language_is_checked_before_anything_is_written_and_is_fixed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="german"):
        QdrantEdgeStore(path=tmp_path, dimensions=2, language="klingon")
    assert list(tmp_path.iterdir()) == []
    QdrantEdgeStore(path=tmp_path, dimensions=2, language="german").close()
    with pytest.raises(ConfigError, match="language german"):
        QdrantEdgeStore(path=tmp_path, dimensions=2)


@pytest.mark.parametrize("dimensions", [0, -1, True, 2.0, "2"])
def test_dimensions_that_are_no_length_are_refused(dimensions: Any) -> None:
    with pytest.raises(ConfigError, match="dimensions"):
        QdrantEdgeStore(dimensions=dimensions)


def test_memory_leaves_no_files_behind() -> None:
    store = QdrantEdgeStore(dimensions=2)
    place = Path(repr(store).split("'")[1])
    assert place.is_dir()
    store.close()
    assert not place.exists()


def test_values_that_json_cannot_hold_are_refused_by_name() -> None:
    with closing(QdrantEdgeStore(dimensions=2)) as store:
        values: list[Any] = [float("nan"), float("inf"), [1], {"a": 1}]
        for value in values:
            with pytest.raises(ValidationError, match="'ratio'"):
                store.add([Record("a", [1, 0], "", {"ratio": value})])
        with pytest.raises(ValidationError, match="NaN"):
            store.add([Record("a", [float("nan"), 0], "")])
        assert store.count() == 0


def test_numbers_beyond_double_precision_are_still_told_apart() -> None:
    with closing(QdrantEdgeStore(dimensions=1)) as store:
        store.add([Record("a", [1], "", {"ns": 2**60}), Record("b", [1], "", {"ns": 2**60 + 1})])
        found = store.search(Query([1], where=[Condition("ns", "==", 2**60 + 1)]))
        assert [match.id for match in found] == ["b"]


def test_words_match_in_their_other_forms() -> None:
    with closing(QdrantEdgeStore(dimensions=1)) as store:
        store.add(Record(text, [1], text) for text in ("a dictionary", "binding names", "loops"))
        assert store.search(Query([1], text="Which names are bound? binds"))[0].id == "binding names"


def test_the_order_of_adding_changes_no_ranking_of_equal_records() -> None:
    records = [Record(name, [1, 0], "the same words") for name in "abcdef"]
    orders = []
    for added in (records, records[::-1]):
        with closing(QdrantEdgeStore(dimensions=2)) as store:
            store.add(added)
            orders.append([match.id for match in store.search(Query([1, 0], k=4, text="words"))])
    assert orders == [["a", "b", "c", "d"]] * 2


def test_fused_ranks_add_up_and_equal_scores_share_a_rank() -> None:
    fused = dict(fuse([[("a", 0.9), ("b", 0.9), ("c", 0.1)], [("c", 7.0)]]))
    assert fused == {"a": 1 / 61, "b": 1 / 61, "c": pytest.approx(1 / 63 + 1 / 61)}
