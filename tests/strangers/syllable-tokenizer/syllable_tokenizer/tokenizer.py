"""The tokenizer ``syllables``."""

from __future__ import annotations

import re
from typing import ClassVar

from graphbit_core import ConfigError
from graphbit_core.text import check_text


class SyllableTokenizer:
    """Counts the syllables of a text: groups of vowels, with the consonants before them.

    The last consonants of a word belong to its last syllable, and what is between two words to the syllable
    after it. A word without a vowel is one syllable.

    Args:
        vowels: The letters that make a syllable, small ones.

    Raises:
        ConfigError: ``vowels`` are not small letters.
    """

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)

    def __init__(self, *, vowels: str = "aeiouyäöüáéíóúàèâêîôû") -> None:
        if not (isinstance(vowels, str) and vowels.isalpha() and vowels.islower()):
            raise ConfigError(f"vowels is {vowels!r}; give small letters", setting="vowels")
        consonant = rf"[^\W{vowels}]"
        self._syllable = re.compile(
            rf"\W*+{consonant}*+[{vowels}]++(?:{consonant}++(?!\w))?|\W*+{consonant}++|\W++", re.IGNORECASE
        )

    def count(self, text: str) -> int:
        """Number of syllables."""
        return len(self.boundaries(text))

    def boundaries(self, text: str) -> list[int]:
        """The index at which each syllable ends."""
        check_text(text)
        return [found.end() for found in self._syllable.finditer(text)]
