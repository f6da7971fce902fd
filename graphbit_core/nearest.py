"""What someone may have meant who wrote a name that does not exist."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str]) -> str:
    """``" (did you mean 'x'?)"``, or nothing when no known name is near."""
    found = get_close_matches(name, sorted(set(known)), n=1, cutoff=0.6)
    return f" (did you mean {found[0]!r}?)" if found else ""
