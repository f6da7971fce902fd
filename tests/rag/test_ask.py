"""Questions over documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphbit_core import NOT_FOUND, Host, NodeError, PassagePart, RateLimitError, ValidationError
from graphbit_core.rag.ask import ask
from graphbit_core.testing import ScriptedModel


@pytest.fixture
def scripted():
    def make(*turns):
        model = ScriptedModel(turns)
        return model, Host.isolated({("provider", "scripted"): lambda: model}, scan=True)

    return make


def test_the_offline_model_answers_with_the_passage_it_quotes(folder, open_index):
    answer = ask(open_index(), folder, "How long does a cat sleep?")
    assert answer.found
    assert "sixteen hours" in answer.text
    (citation,) = answer.citations
    assert citation.source.endswith("cats.txt")
    assert citation.text in (folder / "cats.txt").read_text()
    assert answer.report.indexed == 3
    assert [node.name for node in answer.nodes] == [
        "index/load",
        "index/split",
        "index/embed",
        "index/store",
        "index",
        "retrieve",
        "answer",
    ]
    assert answer.usage.total_tokens > 0


def test_a_question_the_documents_do_not_answer_says_so(folder, open_index):
    answer = ask(open_index(), folder, "Who won the football world cup?")
    assert not answer.found
    assert answer.text == NOT_FOUND
    assert not answer.citations


def test_only_passages_that_exist_are_cited_each_once_in_order(folder, open_index, scripted):
    model, host = scripted("Tea [2] and cats [1], again [2], never [99].")
    answer = ask(open_index(), folder, "tea", llm="scripted", host=host, k=2)
    assert [citation.number for citation in answer.citations] == [2, 1]
    passages = [part for part in model.requests[0].messages[-1].content if isinstance(part, PassagePart)]
    assert [passage.number for passage in passages] == [1, 2]
    assert answer.citations[0].text == passages[1].text


def test_the_answer_arrives_piece_by_piece_and_the_pieces_are_the_answer(folder, open_index, scripted):
    _, host = scripted("Green tea at eighty degrees [1].")
    pieces = []
    answer = ask(open_index(), folder, "tea", llm="scripted", host=host, on_text=pieces.append)
    assert len(pieces) > 3
    assert "".join(pieces) == answer.text


def test_an_error_of_the_model_reaches_the_caller_as_itself(folder, open_index, scripted):
    _, host = scripted(RateLimitError("slow down", retry_after=3.0))
    with pytest.raises(RateLimitError) as caught:
        ask(open_index(), folder, "tea", llm="scripted", host=host)
    assert caught.value.retry_after == 3.0


def test_a_folder_without_anything_readable_gives_no_answer_and_says_why(tmp_path, open_index, scripted):
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "a.bin").write_bytes(b"\0")
    model, host = scripted()
    answer = ask(open_index(), tmp_path / "documents", "what?", llm="scripted", host=host)
    assert (answer.found, answer.text) == (False, NOT_FOUND)
    assert [Path(s.path).name for s in answer.report.skipped] == ["a.bin"]
    assert not model.requests


def test_a_question_of_nothing_is_refused_before_anything_is_read(folder, open_index):
    index = open_index()
    with pytest.raises(ValidationError, match="question is empty"):
        ask(index, folder, "  ")
    assert index.store.count() == 0


def test_braces_and_lone_surrogates_in_a_question_are_text(folder, open_index):
    answer = ask(open_index(), folder, "How should green tea {be} {brewed}? \udcff")
    assert "eighty degrees" in answer.text


def test_an_error_that_is_not_of_graphbit_names_the_step(folder, open_index):
    index = open_index()

    def full(records):
        raise OSError(28, "No space left on device")

    index.store.add = full
    with pytest.raises(NodeError, match=r"'store' failed: OSError: .*No space left"):
        ask(index, folder, "tea?")
