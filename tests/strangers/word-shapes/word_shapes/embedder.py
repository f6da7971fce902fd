"""The embedder ``letterforms``."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import ClassVar
from zlib import crc32

from graphbit_core import ConfigError, Vector, check_whole_number

_SHAPES = {
    "bdfhklt": "rises",
    "gjpqy": "falls",
    "aceo": "round",
    "imnrsuvwxz": "angular",
    "0123456789": "digit",
}
_SHAPE = {character: shape for characters, shape in _SHAPES.items() for character in characters}


class LetterformsEmbedder:
    """Turns texts into vectors by how often each outline of a word occurs.

    Args:
        dimensions: Length of a vector, at least 16.
        rounding: Whether round letters are told from angular ones.

    Raises:
        ConfigError: ``dimensions`` is no whole number or too small, or ``rounding`` not a bool.
    """

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)

    def __init__(self, *, dimensions: int = 256, rounding: bool = True) -> None:
        self._dimensions = check_whole_number("dimensions", dimensions, 16)
        if not isinstance(rounding, bool):
            raise ConfigError(f"rounding is {rounding!r}; give True or False", setting="rounding")
        self._rounding = rounding

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return self._dimensions

    @property
    def fingerprint(self) -> str:
        """Changes with all that the vectors depend on."""
        return f"letterforms/1/{self._dimensions}/{self._rounding}"

    def embed(self, texts: Sequence[str]) -> list[Vector]:
        """One vector per text, in order."""
        return [self._vector(text) for text in texts]

    def _vector(self, text: str) -> list[float]:
        vector = [0.0] * self._dimensions
        for word, times in Counter(re.findall(r"\w+", text.casefold())).items():
            vector[crc32(self._outline(word).encode()) % self._dimensions] += times * len(word)
        length = math.hypot(*vector)
        return [value / length for value in vector] if length else vector

    def _outline(self, word: str) -> str:
        shapes = [_SHAPE.get(character, "other") for character in word]
        if not self._rounding:
            shapes = ["low" if shape in {"round", "angular"} else shape for shape in shapes]
        return " ".join(shapes)
