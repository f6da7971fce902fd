"""A tokenizer that counts syllables."""

from __future__ import annotations

from syllable_tokenizer.tokenizer import SyllableTokenizer

__all__ = ["SyllableTokenizer"]
