"""Cutting text, for splitters and whoever else needs exact offsets. The scanning is done in the kernel.

All functions return spans ``(start, end)`` in characters, so ``text[start:end]`` is what was found.
"""

from __future__ import annotations

from graphbit_core.kernel import sentences, split_characters, split_recursive, words

__all__ = ["sentences", "split_characters", "split_recursive", "words"]
