"""Splitters by characters, seams, sentences and tokens, and the tokenizers of OpenAI's models."""

from __future__ import annotations

from graphbit_splitter_text.by_character import CharacterSplitter
from graphbit_splitter_text.by_seam import RecursiveSplitter
from graphbit_splitter_text.by_sentence import SentenceSplitter
from graphbit_splitter_text.by_token import TokenSplitter
from graphbit_splitter_text.tokenizers import Cl100kBase, O200kBase

__all__ = [
    "CharacterSplitter",
    "Cl100kBase",
    "O200kBase",
    "RecursiveSplitter",
    "SentenceSplitter",
    "TokenSplitter",
]
