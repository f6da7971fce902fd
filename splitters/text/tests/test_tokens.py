from __future__ import annotations

import pickle

import pytest
from graphbit_splitter_text import TokenSplitter

from graphbit_core import ConfigError


def test_a_cut_inside_a_character_moves_to_its_end() -> None:
    assert TokenSplitter(chunk_size=2, chunk_overlap=0).split("a😀b")[0].text == "a"


def test_a_character_of_more_tokens_than_fit_is_a_chunk_by_itself() -> None:
    texts = [chunk.text for chunk in TokenSplitter(chunk_size=1, chunk_overlap=0).split("a😀b")]
    assert texts == ["a", "😀", "b"]


def test_chunks_are_as_long_as_asked_for_and_share_what_was_asked_for() -> None:
    text = " word" * 1000
    chunks = TokenSplitter(chunk_size=100, chunk_overlap=20).split(text)
    assert [(chunk.start, chunk.end) for chunk in chunks[:3]] == [(0, 500), (400, 900), (800, 1300)]


def test_an_unknown_encoding_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match="cl100k_base, o200k_base, not 'gpt2'"):
        TokenSplitter(encoding="gpt2")


def test_it_survives_pickling_without_its_vocabulary() -> None:
    splitter = TokenSplitter(chunk_size=5, chunk_overlap=0)
    pickled = pickle.dumps(splitter)
    assert len(pickled) < 1000
    assert pickle.loads(pickled).split("One two three.") == splitter.split("One two three.")
