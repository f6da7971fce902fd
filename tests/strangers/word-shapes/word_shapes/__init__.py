"""An embedder that looks at the shapes of characters."""

from __future__ import annotations

from word_shapes.embedder import LetterformsEmbedder

__all__ = ["LetterformsEmbedder"]
