"""Files whose parsers can be made to hang, swell or crash are read in a child process."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import time
from pathlib import Path

import pytest
from hostile_loader import HostileLoader, PlainLoader

from graphbit_core import (
    DocumentError,
    EmbeddingClient,
    Executor,
    Host,
    Node,
    ProcessError,
    ValidationError,
    Workflow,
)
from graphbit_core.nodes.document_loader import DocumentLoaderNode
from graphbit_core.rag import isolation
from graphbit_core.rag.index import Index
from graphbit_core.rag.loading import Loaders


def host_of(**loaders):
    components = {("loader", name): component for name, component in loaders.items()}
    return Host.isolated({**components, ("node_type", "document_loader"): DocumentLoaderNode})


@pytest.fixture
def host():
    return host_of(hostile=HostileLoader, plain=PlainLoader)


@pytest.fixture
def hurried(monkeypatch):
    monkeypatch.setattr(isolation, "LIMITS", dataclasses.replace(isolation.LIMITS, seconds=0.5))


def load(host, path, text, **options):
    path.write_text(text)
    (document,) = Loaders(host, **options).for_file(path).load(path)
    return document


def test_the_limits_are_ten_seconds_and_512_mib():
    assert (isolation.LIMITS.seconds, isolation.LIMITS.memory_bytes) == (10, 512 * 1024 * 1024)


@pytest.mark.parametrize(
    ("name", "chosen", "isolated"),
    [
        ("a.pdf", None, True),
        ("a.pdf", "none", False),
        ("a.pdf", "process", True),
        ("a.plain", None, False),
        ("a.plain", "process", True),
    ],
)
def test_risky_formats_are_isolated_unless_told_otherwise(host, tmp_path, name, chosen, isolated):
    document = load(host, tmp_path / name, "", isolation=chosen)
    assert (document.text != str(os.getpid())) == isolated
    assert document.metadata == {"source": str(tmp_path / name), "max_bytes": 1000}


def test_settings_follow_the_loader(host, tmp_path):
    assert load(host, tmp_path / "a.pdf", "", settings={"max_bytes": 5}).metadata["max_bytes"] == 5


@pytest.mark.parametrize(
    ("text", "reason"),
    [("swell", "too_large"), ("crash", "malformed"), ("exit", "malformed"), ("refuse", "malformed")],
)
def test_whatever_a_file_does_to_its_parser_is_an_error_of_that_document(host, tmp_path, text, reason):
    path = tmp_path / "a.pdf"
    with pytest.raises(DocumentError) as caught:
        load(host, path, text)
    assert (caught.value.reason, caught.value.path) == (reason, str(path))
    assert caught.value.page == (7 if text == "refuse" else None)


def test_a_file_that_makes_its_parser_hang_is_too_large(host, tmp_path, hurried):
    started = time.monotonic()
    with pytest.raises(DocumentError, match=r"takes longer than 0\.5 s") as caught:
        load(host, tmp_path / "a.pdf", "hang")
    assert caught.value.reason == "too_large"
    assert time.monotonic() - started < 3


def test_a_fault_of_the_loader_is_not_blamed_on_the_document(host, tmp_path):
    with pytest.raises(ProcessError, match="KeyError"):
        load(host, tmp_path / "a.pdf", "bug")


def test_a_loader_that_a_process_cannot_import_runs_here_or_is_refused(tmp_path):
    class Local(HostileLoader):
        pass

    host = host_of(local=Local)
    assert load(host, tmp_path / "a.pdf", "").text == str(os.getpid())
    with pytest.raises(ValidationError, match="cannot be isolated"):
        load(host, tmp_path / "a.pdf", "", isolation="process")


def test_an_index_skips_the_files_that_break_their_parser_and_keeps_the_others(tmp_path, hurried):
    host = Host()
    host.add("loader", "pdf", HostileLoader, replaces="graphbit-loader-pdf")
    folder = tmp_path / "documents"
    folder.mkdir()
    for name in ("hang", "swell", "crash", "good"):
        (folder / f"{name}.pdf").write_text(name)
    (folder / "tea.txt").write_text("Green tea should be brewed at eighty degrees.")
    with Index(tmp_path / "index", EmbeddingClient("hashing", host=host), host) as index:
        report = index.update(folder)
    assert report.indexed == 2
    assert [(Path(skipped.path).name, skipped.reason) for skipped in report.skipped] == [
        ("crash.pdf", "malformed"),
        ("hang.pdf", "too_large"),
        ("swell.pdf", "too_large"),
    ]


def test_an_unknown_isolation_is_refused_before_the_run(host):
    workflow = Workflow("w").chain(Node.document_loader("load", "a.pdf", isolation="thread"))
    assert "'process' or 'none'" in str(workflow.validate(host)[0])


def test_cancelling_a_document_loader_ends_its_child(host, tmp_path):
    path, note = tmp_path / "a.pdf", tmp_path / "a.pid"
    path.write_text("hang")
    workflow = Workflow("w").chain(Node.document_loader("load", str(path)))

    async def main():
        task = asyncio.create_task(Executor(host=host).run_async(workflow))
        while not (note.exists() and note.read_text()):
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(main())
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


def test_a_document_loader_gives_documents_from_either_side(host, tmp_path):
    path = tmp_path / "a.pdf"
    path.write_text("")
    for chosen in (None, "none"):
        workflow = Workflow("w").chain(Node.document_loader("load", str(path), isolation=chosen))
        (document,) = Executor(host=host).execute(workflow).raise_for_failure().output
        assert (document.text != str(os.getpid())) == (chosen is None)
