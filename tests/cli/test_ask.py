"""``graphbit ask``, as a user calls it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest


@pytest.fixture
def graphbit(tmp_path):
    def call(*arguments):
        command = [sys.executable, "-m", "graphbit_core.cli", *map(str, arguments)]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)

    return call


@pytest.fixture
def docs(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "tea.txt").write_text("Green tea should be brewed at eighty degrees.")
    return tmp_path / "docs"


def ask(graphbit, docs, question, *more):
    return graphbit("ask", docs, question, "--index", docs.parent / "index", *more)


def test_json_has_the_promised_keys_and_a_second_call_indexes_nothing(graphbit, docs):
    first = ask(graphbit, docs, "How hot should green tea be brewed?", "--json")
    assert first.returncode == 0, first.stderr
    data = json.loads(first.stdout)
    assert set(data) == {"answer", "citations", "indexed", "unchanged", "skipped", "usage"}
    assert data["answer"] == "Green tea should be brewed at eighty degrees. [1]"
    assert set(data["citations"][0]) == {"source", "page", "start", "end", "text"}
    assert (data["indexed"], data["unchanged"], data["skipped"]) == (1, 0, [])
    again = json.loads(ask(graphbit, docs, "How hot should green tea be brewed?", "--json").stdout)
    assert (again["indexed"], again["unchanged"]) == (0, 1)
    assert again["answer"] == data["answer"]


def test_exit_3_when_files_were_skipped_and_each_is_named(graphbit, docs):
    (docs / "secret.exe").write_bytes(b"MZ")
    done = ask(graphbit, docs, "How hot should green tea be brewed?")
    assert done.returncode == 3
    assert "eighty degrees" in done.stdout
    assert "tea.txt, characters 0-45" in done.stdout
    assert "secret.exe" in done.stderr
    assert "unsupported" in done.stderr


def test_exit_1_when_there_is_no_answer(graphbit, docs):
    done = ask(graphbit, docs, "Who won the football world cup?", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["answer"] is None


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (("--model", "opnai:gpt"), "opnai"),
        (("--k", "0"), "--k"),
        (("--embedder", "hashin"), "hashin"),
        (("--model", "openai:gpt-4o-mini"), "OPENAI_API_KEY"),
    ],
)
def test_wrong_arguments_are_named_without_a_traceback(graphbit, docs, monkeypatch, more, named):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    done = ask(graphbit, docs, "tea?", *more)
    assert done.returncode in (1, 2)
    assert named in done.stderr
    assert "Traceback" not in done.stderr


def test_a_path_that_is_not_there_is_named(graphbit, docs):
    done = ask(graphbit, docs.parent / "nowhere", "tea?")
    assert done.returncode == 2
    assert "nowhere" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("docs", ""), "question is empty"),
        (("docs", "tea?", "--k", "five"), "'five' is not a whole number"),
        (("docs", "tea?", "--index", "docs/tea.txt"), "docs/tea.txt"),
        (("a" * 5000, "tea?"), "too long"),
    ],
)
def test_what_the_user_got_wrong_is_said_without_a_traceback(graphbit, docs, arguments, named):
    done = graphbit("ask", *arguments)
    assert done.returncode == 2
    assert named in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_process_on_one_index_is_told_that_it_is_open(graphbit, docs):
    from graphbit_core import EmbeddingClient, default_host
    from graphbit_core.rag.ask import index_directory
    from graphbit_core.rag.index import Index

    directory = index_directory(docs, docs.parent / "index")
    with Index(directory, EmbeddingClient("hashing"), default_host()):
        done = ask(graphbit, docs, "tea?")
    assert done.returncode == 2
    assert "open already" in done.stderr


def test_an_index_is_usable_after_ctrl_c_in_the_middle_of_indexing(graphbit, docs):
    for number in range(200):
        (docs / f"{number}.txt").write_text(f"Word{number} is a word. " * 2000)
    command = [sys.executable, "-m", "graphbit_core.cli", "ask", docs, "tea?", "--index", "index"]
    with subprocess.Popen(command, cwd=docs.parent, stderr=subprocess.PIPE, text=True) as running:
        deadline = time.monotonic() + 30
        while not any((docs.parent / "index").glob("*/*/store/**/*")) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.3)
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=10)
    assert running.returncode == 130
    assert errors == ""
    for number in range(200):
        (docs / f"{number}.txt").unlink()
    assert "eighty degrees" in ask(graphbit, docs, "How hot should green tea be brewed?").stdout


def test_json_tells_what_was_skipped_also_when_nothing_could_be_read(graphbit, docs):
    (docs / "tea.txt").unlink()
    (docs / "secret.exe").write_bytes(b"MZ")
    done = ask(graphbit, docs, "tea?", "--json")
    data = json.loads(done.stdout)
    assert (done.returncode, data["answer"], data["indexed"]) == (1, None, 0)
    assert [skipped["reason"] for skipped in data["skipped"]] == ["unsupported"]


def test_paths_that_share_a_place_for_indexes_never_cite_each_other(graphbit, docs):
    other = docs.parent / "other"
    other.mkdir()
    (other / "cats.txt").write_text("A cat sleeps up to sixteen hours a day.")
    assert ask(graphbit, docs, "How hot should green tea be brewed?").returncode == 0
    done = ask(graphbit, other, "How hot should green tea be brewed?", "--json")
    assert (done.returncode, json.loads(done.stdout)["citations"]) == (1, [])
