from __future__ import annotations

from typing import Any

import pytest
from graphbit_extractive import ExtractiveProvider

from graphbit_core import (
    NOT_FOUND,
    ChatRequest,
    ChatResponse,
    ConfigError,
    Delta,
    JsonOutput,
    Message,
    PassagePart,
    TextPart,
    ToolSpec,
    ValidationError,
)

LOOPS = """\
The "break" statement
*********************

   break_stmt ::= "break"

"break" may only occur in a loop. It ends the nearest loop.

If a loop is ended by "break", its "else" clause
is not executed.
"""
METHODS = """\
object.__del__(self)

   Called when the instance is about to be destroyed.  It is also
   called a finalizer.

object.__len__(self)

   Called to implement the built-in function "len()".
"""


def ask(question: str, *passages: str, **settings: Any) -> ChatResponse:
    parts = [PassagePart(number, text, f"{number}.txt") for number, text in enumerate(passages, 1)]
    request = ChatRequest([Message("user", [*parts, TextPart(question)])])
    *_, last = respond(request, **settings)
    assert isinstance(last, ChatResponse)
    return last


def respond(request: ChatRequest, **settings: Any) -> list[Any]:
    return list(ExtractiveProvider(**settings).chat("sentences").respond(request))


def test_the_answer_is_a_sentence_of_a_passage_with_its_number() -> None:
    answer = ask("Where may break occur?", METHODS, LOOPS, max_sentences=1)
    assert answer.text == '"break" may only occur in a loop. [2]'


def test_a_passage_is_cited_by_its_own_number_and_not_by_its_place() -> None:
    part = PassagePart(7, LOOPS, "loops.txt")
    request = ChatRequest([Message("user", [part, TextPart("Where may break occur?")])])
    assert "[7]" in respond(request)[-1].text


def test_what_no_passage_answers_is_not_found_in_exactly_these_words() -> None:
    assert ask("How do I bake bread with rye flour?", METHODS, LOOPS).text == NOT_FOUND
    assert ask("What is the capital of France?", LOOPS).text == NOT_FOUND
    assert ask("???", LOOPS).text == NOT_FOUND


def test_a_passage_without_sentences_answers_nothing() -> None:
    assert ask("Where may break occur?", "", " \n\n", "break_stmt ::= break").text == NOT_FOUND


def test_the_term_above_a_description_says_what_it_is_about() -> None:
    answer = ask("When is __del__ called?", METHODS, max_sentences=1)
    assert answer.text == "Called when the instance is about to be destroyed. [1]"


def test_a_sentence_is_whole_although_its_lines_were_wrapped() -> None:
    answer = ask("Is the else clause executed if a loop is ended by break?", LOOPS, max_sentences=1)
    assert answer.text == 'If a loop is ended by "break", its "else" clause is not executed. [1]'


def test_words_match_in_their_other_forms() -> None:
    assert "finalizer" in ask("What are finalizers called?", METHODS).text


def test_the_same_sentence_in_two_passages_is_quoted_once() -> None:
    answer = ask("Where may break occur?", LOOPS, LOOPS)
    assert answer.text.count("may only occur") == 1
    assert "[2]" not in answer.text


def test_max_sentences_bounds_the_answer() -> None:
    text = "A list is ordered. A list is mutable. A list is indexed. A list is iterable."
    for most in (1, 2, 4):
        assert ask("What is a list?", text, max_sentences=most).text.count("[1]") == most


def test_sentences_of_one_passage_stay_in_their_order() -> None:
    text = "A queue is a line. A stack is a pile of plates. A stack is emptied from the top."
    answer = ask("Is a stack of plates emptied, and is it a pile?", text, max_sentences=2).text
    assert answer.index("pile") < answer.index("emptied")


def test_a_lower_coverage_answers_more() -> None:
    question = "Where may break occur among nested generators of numpy arrays?"
    assert ask(question, LOOPS).text == NOT_FOUND
    assert "[1]" in ask(question, LOOPS, min_coverage=0.1).text


def test_the_answer_is_streamed_sentence_by_sentence_and_the_deltas_spell_it() -> None:
    text = "A list is ordered. A list is mutable."
    request = ChatRequest([Message("user", [PassagePart(1, text, "a"), TextPart("What is a list?")])])
    *deltas, last = respond(request)
    assert [delta.text for delta in deltas] == ["A list is ordered. [1]", " A list is mutable. [1]"]
    assert all(isinstance(delta, Delta) and delta.kind == "text" for delta in deltas)
    assert last.text == "".join(delta.text for delta in deltas)


def test_tokens_are_words() -> None:
    answer = ask("What is a list?", "A list is ordered.")
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (8, 5)


def test_max_tokens_ends_the_answer_before_a_sentence_that_would_not_fit() -> None:
    text = "A list is ordered. A list is mutable."
    message = Message("user", [PassagePart(1, text, "a"), TextPart("What is a list?")])
    last = respond(ChatRequest([message], max_tokens=7))[-1]
    assert (last.text, last.finish_reason) == ("A list is ordered. [1]", "length")


def test_the_passages_and_the_question_of_the_last_turn_count() -> None:
    earlier = Message("user", [PassagePart(1, "A list is ordered.", "a"), TextPart("What is a list?")])
    now = Message("user", [PassagePart(1, "A tuple is fixed.", "b"), TextPart("What is a tuple?")])
    last = respond(ChatRequest([earlier, Message("assistant", "A list is ordered. [1]"), now]))[-1]
    assert last.text == "A tuple is fixed. [1]"


@pytest.mark.parametrize(
    ("request_", "needs"),
    [
        (ChatRequest([Message("user", "What is a list?")]), "passages"),
        (ChatRequest([]), "question"),
        (ChatRequest([Message("user", [PassagePart(1, "A list is ordered.", "a")])]), "question"),
        (ChatRequest([Message("system", [PassagePart(1, "A list.", "a")])]), "question"),
    ],
)
def test_a_request_without_passages_or_question_is_told_what_it_needs(
    request_: ChatRequest, needs: str
) -> None:
    with pytest.raises(ValidationError, match=needs):
        respond(request_)


@pytest.mark.parametrize("extra", [{"tools": [ToolSpec("add", "adds", {})]}, {"output": JsonOutput({})}])
def test_what_it_cannot_do_is_refused(extra: dict[str, Any]) -> None:
    message = Message("user", [PassagePart(1, "A list is ordered.", "a"), TextPart("What is a list?")])
    with pytest.raises(ValidationError, match="quotes passages"):
        respond(ChatRequest([message], **extra))


@pytest.mark.parametrize(
    "settings", [{"max_sentences": 0}, {"max_sentences": True}, {"min_coverage": 1.5}, {"min_coverage": "0"}]
)
def test_settings_out_of_range_are_refused_by_name(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        ExtractiveProvider(**settings)
    assert caught.value.setting in settings


def test_another_model_is_refused() -> None:
    with pytest.raises(ConfigError, match="sentences"):
        ExtractiveProvider().chat("gpt-4o")
