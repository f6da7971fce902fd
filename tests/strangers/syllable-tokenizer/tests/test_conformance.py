"""What ``graphbit plugins check`` and pytest try the tokenizer by."""

from __future__ import annotations

from itertools import pairwise

import pytest
from syllable_tokenizer import SyllableTokenizer

from graphbit_core.testing import TokenizerConformance


class TestSyllableTokenizer(TokenizerConformance):
    """The rules that all tokenizers keep."""

    component = SyllableTokenizer


@pytest.mark.parametrize(
    ("text", "syllables"),
    [
        ("Shall I compare", ["Shall", " I", " co", "mpa", "re"]),
        ("Grüße, psst!", ["Grü", "ße", ", psst", "!"]),
    ],
)
def test_a_syllable_ends_after_its_vowels(text: str, syllables: list[str]) -> None:
    ends = [0, *SyllableTokenizer().boundaries(text)]
    assert [text[start:end] for start, end in pairwise(ends)] == syllables
