from __future__ import annotations

from typing import ClassVar

from graphbit_splitter_text import CharacterSplitter, RecursiveSplitter, SentenceSplitter, TokenSplitter
from graphbit_tokenizer_tiktoken import Cl100kBase, O200kBase

from graphbit_core.testing import SplitterConformance


class TestCharacterSplitter(SplitterConformance):
    component = CharacterSplitter


class TestRecursiveSplitter(SplitterConformance):
    component = RecursiveSplitter


class TestSentenceSplitter(SplitterConformance):
    component = SentenceSplitter


class TestTokenSplitter(SplitterConformance):
    component = TokenSplitter

    def length(self, text: str) -> int:
        return Cl100kBase().count(text)


class TestTokenSplitterO200k(SplitterConformance):
    component = TokenSplitter
    settings: ClassVar = {"encoding": "o200k_base"}

    def length(self, text: str) -> int:
        return O200kBase().count(text)
