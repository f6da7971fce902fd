"""Rerankers: order what a store found once more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol, runtime_checkable

from graphbit_core.types.documents import Match


@runtime_checkable
class Reranker(Protocol):
    """Orders matches again with more care than a store can."""

    graphbit_api: ClassVar[tuple[int, int]]

    def rerank(self, query: str, matches: Sequence[Match], k: int) -> list[Match]:
        """At most ``k`` of ``matches``, best first, with new scores."""
        ...
