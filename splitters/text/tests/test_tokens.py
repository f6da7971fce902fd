from __future__ import annotations

import pickle
import re
from typing import ClassVar

import pytest
from graphbit_splitter_text import TokenSplitter

from graphbit_core import ComponentNotFoundError, Host


def test_a_cut_inside_a_character_moves_to_its_end() -> None:
    assert TokenSplitter(chunk_size=2, chunk_overlap=0).split("a😀b")[0].text == "a"


def test_a_character_of_more_tokens_than_fit_is_a_chunk_by_itself() -> None:
    texts = [chunk.text for chunk in TokenSplitter(chunk_size=1, chunk_overlap=0).split("a😀b")]
    assert texts == ["a", "😀", "b"]


def test_chunks_are_as_long_as_asked_for_and_share_what_was_asked_for() -> None:
    text = " word" * 1000
    chunks = TokenSplitter(chunk_size=100, chunk_overlap=20).split(text)
    assert [(chunk.start, chunk.end) for chunk in chunks[:3]] == [(0, 500), (400, 900), (800, 1300)]


def test_an_unknown_tokenizer_is_refused_with_those_there_are() -> None:
    with pytest.raises(ComponentNotFoundError, match=r"tokenizer 'gpt2' is not installed.*cl100k_base"):
        TokenSplitter(encoding="gpt2")


class Pairs:
    """Two bytes are a token, wherever characters begin."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)

    def count(self, text: str) -> int:
        return (len(text.encode()) + 1) // 2

    def boundaries(self, text: str) -> list[int]:
        owners = [place for place, character in enumerate(text, 1) for _ in character.encode()]
        return [owners[min(i + 1, len(owners) - 1)] for i in range(0, len(owners), 2)]


class Pieces:
    """A word is a token where it stands, and one token more by itself, as with SentencePiece."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)

    def count(self, text: str) -> int:
        return len(self.boundaries(text)) + (not text.startswith(" "))

    def boundaries(self, text: str) -> list[int]:
        return [found.end() for found in re.finditer(r"\s*\S+|\s+$", text)]


@pytest.fixture
def host() -> Host:
    components = {("tokenizer", "pairs"): Pairs, ("tokenizer", "pieces"): Pieces}
    return Host.isolated({("splitter", "token"): TokenSplitter, **components})


@pytest.mark.parametrize("name", ["pairs", "pieces"])
@pytest.mark.parametrize(("size", "overlap"), [(1, 0), (2, 1), (3, 0), (7, 3)])
def test_any_installed_tokenizer_counts_by_its_name(host: Host, name: str, size: int, overlap: int) -> None:
    text = "a😀b  né cödes 😀😀 and\nwords, \u4f60\u597d " * 3
    count = host.create("tokenizer", name).count
    splitter = host.create("splitter", "token", encoding=name, chunk_size=size, chunk_overlap=overlap)
    chunks = splitter.split(text)
    covered = {place for chunk in chunks for place in range(chunk.start, chunk.end)}
    assert all(place in covered for place, character in enumerate(text) if not character.isspace())
    assert [chunk.start for chunk in chunks] == sorted(chunk.start for chunk in chunks)
    for chunk in chunks:
        assert text[chunk.start : chunk.end] == chunk.text != ""
        assert count(chunk.text) <= size or len(chunk.text) == 1
    assert splitter.split("") == []


def test_a_splitter_made_without_a_host_finds_what_is_installed() -> None:
    text = "One two three four. " * 20
    harmony, o200k = (
        TokenSplitter(encoding=name, chunk_size=10, chunk_overlap=2)
        for name in ("o200k_harmony", "o200k_base")
    )
    assert harmony.split(text) == o200k.split(text)


def test_it_survives_pickling_without_its_vocabulary() -> None:
    splitter = TokenSplitter(chunk_size=5, chunk_overlap=0)
    pickled = pickle.dumps(splitter)
    assert len(pickled) < 1000
    assert pickle.loads(pickled).split("One two three.") == splitter.split("One two three.")
