"""Reciprocal rank fusion that does not depend on the order in which records were added.

The library fuses too, but it gives equal records ranks as they come, so that re-indexing could turn results
around. Here equal scores share a rank.
"""

from __future__ import annotations

from collections.abc import Iterable

Ranking = list[tuple[str, float]]
"""Ids with their scores, best first."""

_K = 60
"""The constant of the method's authors: how much the first ranks stand out."""


def fuse(rankings: Iterable[Ranking]) -> Ranking:
    """The sum of 1 / (60 + rank) over ``rankings``, best first, equal ones in order of id."""
    fused: dict[str, float] = {}
    for ranking in rankings:
        rank, previous = 0, None
        for position, (name, score) in enumerate(ranking, start=1):
            if score != previous:
                rank, previous = position, score
            fused[name] = fused.get(name, 0.0) + 1 / (_K + rank)
    return sorted(fused.items(), key=lambda item: (-item[1], item[0]))
