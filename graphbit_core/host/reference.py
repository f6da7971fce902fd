"""References: what an entry point, or the configuration, names a component by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_FILE = re.compile(r"(?P<place>.*\.py)(:(?P<attribute>[\w.]+))?")
_MODULE = re.compile(r"(?P<place>[\w.]+)\s*(:\s*(?P<attribute>[\w.]+)\s*)?(\[.*\]\s*)?")


@dataclass(frozen=True, slots=True)
class Reference:
    """``module:attribute``, ``module``, ``file.py:attribute`` or ``file.py``.

    Attributes:
        place: The module's name, or the file.
        attribute: What is meant in it, with dots for what lies deeper; empty: the module itself.
        is_file: Whether ``place`` is a file.
    """

    place: str
    attribute: str
    is_file: bool

    @classmethod
    def read(cls, text: str) -> Self:
        """Reads one.

        Raises:
            ValueError: It has none of these forms.
        """
        match = _FILE.fullmatch(text) or _MODULE.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not of the form module:attribute or file.py:attribute")
        return cls(match["place"], match["attribute"] or "", match.re is _FILE)

    def within(self, folder: Path) -> Self:
        """The same with its file, if it is one, found from ``folder``."""
        return type(self)(str(folder / self.place), self.attribute, True) if self.is_file else self

    def __str__(self) -> str:
        return f"{self.place}:{self.attribute}" if self.attribute else self.place
