"""Rerankers: order what a store found once more.

Nothing in the core asks for one by name yet; a node type may, through its host.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol, runtime_checkable

from graphbit_core.types.documents import Match


@runtime_checkable
class Reranker(Protocol):
    """Made with settings as keywords; orders matches again with more care than a store can.

    Threads:
        The thread of the body that asks, so from several at once.
    """

    graphbit_api: ClassVar[tuple[int, int]]

    def __init__(self, **settings: Any) -> None: ...

    def rerank(self, query: str, matches: Sequence[Match], k: int) -> list[Match]:
        """At most ``k`` (1 or more) of ``matches``, best first, with new scores; higher is better."""
        ...
