"""Bringing an index up to date."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from graphbit_store_qdrant_edge import QdrantEdgeStore

from graphbit_core import ConfigError, EmbeddingClient, Host, Query, ValidationError, default_host
from graphbit_core.rag import index as module
from graphbit_core.rag.index import Index


def sources(index):
    (vector,) = index.embedder.embed(["anything"])
    return {Path(m.metadata["source"]).name for m in index.store.search(Query(vector, 100))}


def touch(path, text):
    """Changes a file so that size or modification time differ, whatever the file system's resolution."""
    before = path.stat().st_mtime_ns
    path.write_text(text)
    os.utime(path, ns=(before + 10**9, before + 10**9))


def test_a_second_update_reads_nothing_that_has_not_changed(folder, open_index):
    first = open_index().update(folder)
    assert (first.indexed, first.unchanged, first.removed) == (3, 0, 0)
    second = open_index().update(folder)
    assert (second.indexed, second.unchanged, second.nodes) == (0, 3, [])


def test_a_store_that_keeps_nothing_is_filled_again_by_each_index(folder, tmp_path):
    class MemoryStore(QdrantEdgeStore):
        """Forgets."""

        capabilities = QdrantEdgeStore.capabilities - {"persistent"}

        def __init__(self, *, path=None, **settings):
            super().__init__(**settings)

    host = Host()
    host.add("vector_store", "memory", MemoryStore)
    for _ in range(2):
        with Index(tmp_path / "index", EmbeddingClient("hashing"), host, store="memory") as index:
            assert index.update(folder).indexed == 3
            assert sources(index) == {"cats.txt", "rust.md", "tea.txt"}


def test_a_changed_file_is_indexed_again_and_its_old_passages_are_gone(folder, open_index):
    index = open_index()
    index.update(folder)
    touch(folder / "cats.txt", "Dogs bark at night and chase every postman they meet.")
    report = index.update(folder)
    assert (report.indexed, report.unchanged) == (1, 2)
    (vector,) = index.embedder.embed(["cats carnivorous mammals"])
    texts = [m.text for m in index.store.search(Query(vector, 100))]
    assert any("Dogs bark" in text for text in texts)
    assert not any("carnivorous" in text for text in texts)


def test_a_file_that_was_only_touched_is_not_indexed_again(folder, open_index):
    index = open_index()
    index.update(folder)
    touch(folder / "cats.txt", (folder / "cats.txt").read_text())
    report = index.update(folder)
    assert (report.indexed, report.unchanged) == (0, 3)


def test_a_file_that_is_gone_is_forgotten(folder, open_index):
    index = open_index()
    index.update(folder)
    (folder / "cats.txt").unlink()
    assert index.update(folder).removed == 1
    assert sources(index) == {"rust.md", "tea.txt"}


def test_files_that_cannot_be_read_are_reported_one_by_one_and_the_rest_is_indexed(folder, open_index):
    (folder / "empty.txt").write_text(" \n")
    (folder / "program.exe").write_bytes(b"MZ")
    (folder / "big.txt").write_text("word " * 30_000)
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 nothing")
    (folder / "dangling.txt").symlink_to(folder / "nowhere")
    os.mkfifo(folder / "pipe.txt")
    report = open_index(max_bytes=100_000).update(folder)
    reasons = {Path(s.path).name: s.reason for s in report.skipped}
    assert reasons == {
        "empty.txt": "empty",
        "program.exe": "unsupported",
        "big.txt": "too_large",
        "broken.pdf": "malformed",
        "dangling.txt": "unreadable",
        "pipe.txt": "unsupported",
    }
    assert report.indexed == 3
    assert all(s.detail and s.path in s.detail for s in report.skipped)


def test_what_was_indexed_stays_when_its_file_becomes_unreadable(folder, open_index):
    index = open_index()
    index.update(folder)
    touch(folder / "cats.txt", "")
    report = index.update(folder)
    assert [s.reason for s in report.skipped] == ["empty"]
    assert "cats.txt" in sources(index)


def test_an_update_that_breaks_keeps_what_was_done_and_the_next_one_goes_on(folder, open_index, monkeypatch):
    from graphbit_core.rag import index as module

    monkeypatch.setattr(module, "_BATCH_FILES", 1)
    index = open_index()
    real, calls = index.store.add, []

    def add(records):
        calls.append(1)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        real(records)

    index.store.add = add
    with pytest.raises(Exception, match="No space left"):
        index.update(folder)
    report = open_index().update(folder)
    assert (report.indexed, report.unchanged) == (2, 1)
    assert len(sources(open_index())) == 3


def test_chunks_keep_their_place_in_the_text(folder, open_index):
    long = "\n\n".join(f"Paragraph {i} speaks of topic {i} at some length, é included." for i in range(200))
    (folder / "long.txt").write_text(long)
    index = open_index()
    index.update(folder)
    (vector,) = index.embedder.embed(["topic 7"])
    matches = [m for m in index.store.search(Query(vector, 200)) if m.metadata["source"].endswith("long.txt")]
    assert len(matches) > 5
    for match in matches:
        assert long[match.metadata["start"] : match.metadata["end"]] == match.text


def test_other_settings_have_an_index_of_their_own(folder, open_index):
    open_index().update(folder)
    other = open_index(splitter={"name": "character", "chunk_size": 50, "chunk_overlap": 0})
    assert other.update(folder).indexed == 3
    assert open_index().update(folder).indexed == 0


def test_a_file_has_one_name_wherever_the_caller_stands(folder, open_index, monkeypatch):
    index = open_index()
    index.update(folder)
    monkeypatch.chdir(folder)
    report = index.update(Path())
    assert (report.indexed, report.unchanged, report.removed) == (0, 3, 0)


def test_progress_is_told_until_all_is_done(folder, open_index):
    seen = []
    open_index().update(folder, lambda done, total, name: seen.append((done, total)))
    assert seen[-1] == (3, 3)


def test_a_path_that_is_not_there_is_named(tmp_path, open_index):
    with pytest.raises(ValidationError, match="no-such-folder"):
        open_index().update(tmp_path / "no-such-folder")


def test_a_file_that_vanishes_or_turns_into_a_pipe_before_it_is_read_is_skipped(folder, open_index):
    (folder / "a.txt").write_text("alpha")
    (folder / "b.txt").write_text("beta")
    index = open_index()
    real, seen = index._loaders.for_file, []

    def for_file(path):
        if not seen:
            (folder / "b.txt").unlink()
            (folder / "cats.txt").unlink()
            os.mkfifo(folder / "cats.txt")
        seen.append(path)
        return real(path)

    index._loaders.for_file = for_file
    report = index.update(folder)
    assert {Path(s.path).name: s.reason for s in report.skipped} == {
        "b.txt": "unreadable",
        "cats.txt": "unsupported",
    }
    assert sources(index) == {"a.txt", "rust.md", "tea.txt"}


def test_a_name_that_is_not_utf8_is_skipped_and_named(folder, open_index):
    (folder / os.fsdecode(b"\xff.txt")).write_text("nameless")
    report = open_index().update(folder)
    assert [s.reason for s in report.skipped] == ["unreadable"]
    assert r"\udcff.txt" in report.skipped[0].path
    assert report.indexed == 3


def test_what_stands_in_a_folder_that_cannot_be_read_stays_indexed(folder, open_index):
    index = open_index()
    index.update(folder)
    known = index._manifest.entries()
    report = module.IndexReport()
    index._forget(folder, known, {str(folder / "cats.txt"), str(folder / "sub")}, report)
    assert report.removed == 1
    assert sources(index) == {"cats.txt", "tea.txt"}


@pytest.mark.parametrize("place", ["cats.txt", "cats.txt/below"])
def test_a_place_where_no_index_can_be_is_a_config_error(folder, place):
    with pytest.raises(ConfigError, match="choose another folder"):
        Index(folder / place, EmbeddingClient("hashing"), default_host())


def test_a_damaged_manifest_is_a_config_error_that_says_what_to_do(folder, open_index):
    index = open_index()
    index.update(folder)
    index.close()
    for path in index.directory.glob("files.sqlite*"):
        path.write_bytes(b"garbage" * 1000)
    with pytest.raises(ConfigError, match="remove that folder"):
        Index(index.directory.parent, EmbeddingClient("hashing"), default_host())
