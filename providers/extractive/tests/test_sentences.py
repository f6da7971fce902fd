from __future__ import annotations

from graphbit_extractive.sentences import sentences_of


def texts(passage: str) -> list[str]:
    return [sentence.text for sentence in sentences_of(passage, 0)]


def test_a_full_stop_inside_a_sentence_does_not_end_it() -> None:
    assert texts("Use a mapping, e.g. a dict, with str.find() or version 3.12. The rest follows here.") == [
        "Use a mapping, e.g. a dict, with str.find() or version 3.12.",
        "The rest follows here.",
    ]


def test_quotes_and_brackets_stay_with_the_sentence_they_close() -> None:
    assert texts('It said "this is the end." (Nobody had asked it to.) Then it went away.') == [
        'It said "this is the end."',
        "(Nobody had asked it to.)",
        "Then it went away.",
    ]


def test_a_question_and_an_exclamation_end_sentences() -> None:
    assert len(texts("Does this end here? It does end here! So it really does.")) == 3


def test_titles_rules_grammar_tables_and_code_are_no_sentences() -> None:
    passage = """\
Loops
=====

   while_stmt ::= "while" expression ":" suite

+-----+-----+
| one | two |
+-----+-----+

>>> for i in range(10): print(i)

A loop repeats its body until it ends.
"""
    assert texts(passage) == ["A loop repeats its body until it ends."]


def test_headings_are_what_stands_above_and_further_left() -> None:
    passage = """\
String Methods
**************

str.find(sub)

   Return the lowest index of *sub* in the string.

   Note:

     Use the "in" operator for a mere test of membership.

str.index(sub)

   Like find, but raise an error if there is none.
"""
    assert [sentence.headings for sentence in sentences_of(passage, 0)] == [
        ("String Methods", "str.find(sub)"),
        ("String Methods", "str.find(sub)", "Note:"),
        ("String Methods", "str.index(sub)"),
    ]


def test_each_item_of_a_list_is_its_own_paragraph_without_its_bullet() -> None:
    passage = """\
* the first item is a list of names,
  which goes on here;

* the second item is a dictionary.

1. find the module and load it if that has not been done

2. then bind its name in the namespace of the importing block
"""
    assert texts(passage) == [
        "the first item is a list of names, which goes on here;",
        "the second item is a dictionary.",
        "find the module and load it if that has not been done",
        "then bind its name in the namespace of the importing block",
    ]


def test_a_markdown_title_heads_what_follows() -> None:
    (sentence,) = sentences_of("## Cache\n\nThe cache keeps replies for an hour.", 0)
    assert sentence.headings == ("Cache",)


def test_a_word_that_was_cut_at_the_end_of_a_line_is_whole_again() -> None:
    assert texts("The value is pre-\ncomputed when the function is defined.") == [
        "The value is pre-computed when the function is defined."
    ]


def test_positions_count_within_the_passage_and_say_who_opens_a_paragraph() -> None:
    found = sentences_of("One is the first number. Two is the second.\n\nThree comes after both of them.", 4)
    assert [(s.passage, s.position, s.opens) for s in found] == [(4, 0, True), (4, 1, False), (4, 2, True)]
