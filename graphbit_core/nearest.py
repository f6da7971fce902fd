"""What someone may have meant who wrote a name that does not exist."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str]) -> str:
    """``" (did you mean 'x'?)"``, or nothing when no known name is near."""
    found = nearest_name(name, known)
    return f" (did you mean {found!r}?)" if found else ""


def nearest_name(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known name that is nearest, if one is at least ``cutoff`` alike, of 1 at most."""
    return next(iter(get_close_matches(name, sorted(set(known)), n=1, cutoff=cutoff)), None)
