"""Splitters by characters, seams, sentences and tokens."""

from __future__ import annotations

from graphbit_splitter_text.by_character import CharacterSplitter
from graphbit_splitter_text.by_seam import RecursiveSplitter
from graphbit_splitter_text.by_sentence import SentenceSplitter
from graphbit_splitter_text.by_token import TokenSplitter

__all__ = ["CharacterSplitter", "RecursiveSplitter", "SentenceSplitter", "TokenSplitter"]
