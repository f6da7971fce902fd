"""The bar for the offline answers. ``benchmarks/run.py quality`` prints the same figures."""

from __future__ import annotations

from pydoc_data.topics import topics

import answer_quality
import pytest
from answer_quality import Figures, Question

ANSWERABLE, UNANSWERABLE = answer_quality.questions()


@pytest.fixture(scope="module")
def figures() -> Figures:
    return answer_quality.measure()


def test_there_are_forty_questions_with_an_answer_and_ten_without() -> None:
    assert (len(ANSWERABLE), len(UNANSWERABLE)) == (40, 10)
    assert len({item.question for item in [*ANSWERABLE, *UNANSWERABLE]}) == 50


@pytest.mark.parametrize("item", ANSWERABLE, ids=lambda item: item.question)
def test_the_documents_of_this_python_hold_the_answer_where_the_set_says(item: Question) -> None:
    texts = {name: answer_quality.plain(text) for name, text in topics.items()}
    for sentence in item.sentences:
        assert any(sentence in texts[name] for name in item.topics), sentence
    for name in item.topics:
        assert any(sentence in texts[name] for sentence in item.sentences), name


@pytest.mark.parametrize("item", ANSWERABLE, ids=lambda item: item.question)
def test_no_question_is_copied_from_its_answer(item: Question) -> None:
    asked = answer_quality.plain(item.question).rstrip("?").split()
    runs = {" ".join(asked[i : i + 6]) for i in range(len(asked) - 5)}
    assert not any(run in sentence for run in runs for sentence in item.sentences)


@pytest.mark.integration
def test_retrieval_finds_the_right_topic_and_not_less_often_than_words_alone(figures: Figures) -> None:
    assert figures.share("retrieved") >= 0.8
    assert figures.share("retrieved") >= figures.share("bm25_retrieved") > 0.5


@pytest.mark.integration
def test_the_right_sentence_is_quoted_for_most_questions(figures: Figures) -> None:
    assert figures.share("answered") >= 0.7, figures.missed


@pytest.mark.integration
def test_what_the_documents_do_not_answer_is_not_answered(figures: Figures) -> None:
    assert figures.not_found == 1, figures.invented
