from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from graphbit_splitter_text import CharacterSplitter, RecursiveSplitter, SentenceSplitter, TokenSplitter
from graphbit_tokenizer_tiktoken import Cl100kBase
from hypothesis import given, settings, strategies as st

from graphbit_core import ConfigError, ValidationError

SPLITTERS = [CharacterSplitter, RecursiveSplitter, SentenceSplitter, TokenSplitter]
sizes = st.integers(1, 40).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size - 1)))
texts = (
    st.text() | st.text(alphabet="ab. \n\r!?é😀\u0301\u200d日") | st.lists(st.text(max_size=5)).map(" ".join)
)


@pytest.mark.parametrize("splitter", SPLITTERS)
@settings(max_examples=300, deadline=None)
@given(text=texts, size_and_overlap=sizes)
def test_chunks_keep_their_place_their_size_and_all_of_the_text(
    splitter: Any, text: str, size_and_overlap: tuple[int, int]
) -> None:
    size, overlap = size_and_overlap
    length = Cl100kBase().count if splitter is TokenSplitter else len
    chunks = splitter(chunk_size=size, chunk_overlap=overlap).split(text)
    held: set[int] = set()
    for chunk in chunks:
        assert text[chunk.start : chunk.end] == chunk.text
        assert chunk.text.strip()
        assert length(chunk.text) <= size or len(chunk.text) == 1
        held.update(range(chunk.start, chunk.end))
    assert all(index in held or character.isspace() for index, character in enumerate(text))
    for before, after in pairwise(chunks):
        assert before.start < after.start
        assert before.end < after.end
        if splitter is not TokenSplitter:
            assert before.end - after.start <= overlap


@pytest.mark.parametrize("splitter", SPLITTERS)
def test_half_a_surrogate_pair_is_refused_with_its_place(splitter: Any) -> None:
    with pytest.raises(ValidationError, match="character 1 of the text"):
        splitter().split("a\udc00")


def test_windows_of_characters_overlap_exactly() -> None:
    chunks = CharacterSplitter(chunk_size=10, chunk_overlap=3).split("abcdefghij" * 3)
    assert [(chunk.start, chunk.end) for chunk in chunks] == [(0, 10), (7, 17), (14, 24), (21, 30)]


def test_what_a_reader_sees_as_one_character_is_not_cut() -> None:
    family = "👨‍👩‍👧"
    texts = [chunk.text for chunk in CharacterSplitter(chunk_size=8, chunk_overlap=0).split(family * 3)]
    assert texts == [family] * 3


def test_paragraphs_stay_whole_if_they_fit() -> None:
    text = "First paragraph, short.\n\nSecond paragraph, short.\n\nThird one."
    texts = [chunk.text for chunk in RecursiveSplitter(chunk_size=30, chunk_overlap=0).split(text)]
    assert texts == ["First paragraph, short.", "Second paragraph, short.", "Third one."]


def test_the_separators_can_be_chosen() -> None:
    splitter = RecursiveSplitter(chunk_size=5, chunk_overlap=0, separators=["|"])
    assert [chunk.text for chunk in splitter.split("ab cd|ef|gh")] == ["ab cd", "|ef|", "gh"]


@pytest.mark.parametrize("separators", ["\n", [""], [1]])
def test_wrong_separators_are_refused(separators: Any) -> None:
    with pytest.raises(ConfigError, match="separators"):
        RecursiveSplitter(separators=separators)


def test_sentences_stay_whole_and_overlap_by_whole_ones() -> None:
    text = "One is here. Two is here.\nThree is here. Four is here."
    texts = [chunk.text for chunk in SentenceSplitter(chunk_size=30, chunk_overlap=15).split(text)]
    assert texts == [
        "One is here. Two is here.",
        "Two is here.\nThree is here.",
        "Three is here. Four is here.",
    ]


def test_a_sentence_that_is_too_long_is_cut_between_words() -> None:
    text = "Short. This sentence has far too many words. End."
    texts = [chunk.text for chunk in SentenceSplitter(chunk_size=20, chunk_overlap=0).split(text)]
    assert texts[0] == "Short."
    assert all(len(text) <= 20 for text in texts)
    assert " ".join(texts) == text
