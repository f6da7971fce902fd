"""Tokenizers of OpenAI's models; they never ask the network."""

from __future__ import annotations

from graphbit_tokenizer_tiktoken.tokenizers import Cl100kBase, O200kBase, O200kHarmony

__all__ = ["Cl100kBase", "O200kBase", "O200kHarmony"]
