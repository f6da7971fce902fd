"""Cutting text through the native module: offsets are those of Python strings, for any text."""

from __future__ import annotations

import itertools
import threading

import pytest
from hypothesis import given, settings, strategies as st

from graphbit_core import text as public
from graphbit_core._native import sentences, split_characters, split_recursive, words
from graphbit_core.errors import ValidationError

SEPARATORS = ["\n\n", "\n", ". ", " ", ""]
HARD = [
    "\U0001f468‍\U0001f469‍\U0001f467",
    "e\u0301",
    "\r\n",
    "東京",
    "\u2028",
    "\x1c",
    "\x85",
    ". ",
    "\n\n",
    " ",
]
texts = st.lists(st.one_of(st.text(max_size=8), st.sampled_from(HARD)), max_size=30).map("".join)
sizes = st.integers(1, 20).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size - 1)))


def cut(text: str, spans: list[tuple[int, int]]) -> list[str]:
    return [text[start:end] for start, end in spans]


def lost(text: str, spans: list[tuple[int, int]]) -> list[str]:
    held = {at for start, end in spans for at in range(start, end)}
    return [c for at, c in enumerate(text) if at not in held and not c.isspace()]


def test_the_public_module_offers_the_same_functions() -> None:
    of_python = {"check_sizes", "check_text", "to_chunks"}
    assert {name: getattr(public, name) for name in set(public.__all__) - of_python} == {
        "sentences": sentences,
        "split_characters": split_characters,
        "split_recursive": split_recursive,
        "words": words,
    }


@pytest.mark.parametrize("text", ["a\ud83d", "\udc00", "ab\udfff c"])
def test_half_of_a_surrogate_pair_is_refused_where_it_is(text: str) -> None:
    place = next(at for at, letter in enumerate(text) if "\ud800" <= letter <= "\udfff")
    with pytest.raises(ValidationError, match=f"character {place} .*clean_text"):
        public.check_text(text)
    public.check_text(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def test_offsets_count_characters_not_bytes() -> None:
    text = "Grüße aus 東京. Здравствуй, мир! \U0001f600 Ende."
    assert cut(text, sentences(text)) == ["Grüße aus 東京.", "Здравствуй, мир!", "\U0001f600 Ende."]
    assert cut(text, words(text)) == ["Grüße", "aus", "東", "京", "Здравствуй", "мир", "Ende"]
    assert cut("äöüß", split_characters("äöüß", 3, 1)) == ["äöü", "üß"]


@settings(deadline=None)
@given(texts, sizes)
def test_windows_hold_every_character(text: str, size_overlap: tuple[int, int]) -> None:
    size, overlap = size_overlap
    spans = split_characters(text, size, overlap)
    assert all(0 < len(chunk) <= size for chunk in cut(text, spans))
    assert [start for start, _ in spans[:1]] == [0][: len(text)]
    assert [end for _, end in spans[-1:]] == [len(text)][: len(text)]
    for (_, end), (start, _) in itertools.pairwise(spans):
        assert 0 <= end - start <= overlap


@settings(deadline=None)
@given(texts, sizes)
def test_recursive_chunks_are_trimmed_fit_and_lose_nothing(text: str, size_overlap: tuple[int, int]) -> None:
    size, overlap = size_overlap
    spans = split_recursive(text, size, overlap, SEPARATORS)
    assert all(0 < len(chunk) <= size and chunk == chunk.strip() for chunk in cut(text, spans))
    assert lost(text, spans) == []
    for (_, end), (start, _) in itertools.pairwise(spans):
        assert end - start <= overlap


@settings(deadline=None)
@given(texts)
def test_sentences_are_trimmed_and_lose_nothing(text: str) -> None:
    spans = sentences(text)
    assert all(chunk and chunk == chunk.strip() for chunk in cut(text, spans))
    assert lost(text, spans) == []
    assert spans == sorted(spans)


def test_recursive_chunks_overlap_at_a_seam() -> None:
    text = "aa bb cc dd ee ff"
    chunks = cut(text, split_recursive(text, 8, 5, SEPARATORS))
    assert chunks == ["aa bb cc", "bb cc dd", "cc dd ee", "dd ee ff"]


@pytest.mark.parametrize(
    ("size", "overlap", "field"), [(0, 0, "size"), (-3, 0, "size"), (4, 4, "overlap"), (4, -1, "overlap")]
)
def test_a_wrong_size_is_named(size: int, overlap: int, field: str) -> None:
    for call in (
        lambda: split_characters("text", size, overlap),
        lambda: split_recursive("text", size, overlap, SEPARATORS),
    ):
        with pytest.raises(ValidationError, match=field) as caught:
            call()
        assert caught.value.field == field


def test_large_texts_are_cut_alike_by_several_threads() -> None:
    text = "Ein Satz über Bäume. " * 10_000
    expected = split_recursive(text, 500, 50, SEPARATORS)
    results: list[list[tuple[int, int]]] = []
    threads = [
        threading.Thread(target=lambda: results.append(split_recursive(text, 500, 50, SEPARATORS)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert results == [expected] * 4
    assert lost(text, expected) == []
