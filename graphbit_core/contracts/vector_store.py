"""Vector stores: keep records, find the nearest ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Protocol, runtime_checkable

from graphbit_core.types.documents import Condition, Match, Query, Record

STORE_CAPABILITIES = frozenset({"persistent", "filter", "hybrid"})
"""What a store may declare.

``persistent``: records outlive the process. ``filter``: ``where`` is honoured. ``hybrid``: words count, too.
"""


@runtime_checkable
class VectorStore(Protocol):
    """Made with ``path`` (a directory, or None for memory), ``collection`` and ``dimensions``.

    One that is not ``persistent`` takes a ``path`` as well, keeps nothing there, and begins empty.

    Threads:
        The caller's thread, or worker threads: it is written to and searched from several at once.

    Raises:
        ConfigError: The directory cannot be used, or its collection holds vectors of other ``dimensions``.
    """

    graphbit_api: ClassVar[tuple[int, int]]
    capabilities: ClassVar[frozenset[str]]
    """Those of ``STORE_CAPABILITIES`` that it has."""

    def __init__(self, **settings: Any) -> None: ...

    def add(self, records: Iterable[Record]) -> None:
        """Adds or replaces; when it returns, a ``persistent`` store has the records on disk.

        Of an id that comes twice the last one counts.

        Raises:
            ValidationError: A vector has another length than ``dimensions``; what was kept before stays.
        """
        ...

    def get(self, ids: Sequence[str]) -> list[Record]:
        """The records that exist, in the order of ``ids``. A store may scale vectors to length 1."""
        ...

    def delete(self, ids: Sequence[str]) -> None:
        """Removes them; ids that do not exist are ignored."""
        ...

    def delete_where(self, where: Sequence[Condition]) -> None:
        """Removes every record for which all conditions hold.

        Raises:
            ValidationError: A condition makes no sense.
        """
        ...

    def search(self, query: Query) -> list[Match]:
        """At most ``query.k`` matches, best first; equal scores in order of id.

        Raises:
            ValidationError: ``k`` is below 1, the vector has another length, or a condition makes no sense.
        """
        ...

    def count(self) -> int:
        """How many records there are."""
        ...

    def close(self) -> None:
        """Frees files and locks; calling it again does nothing. Every other method of a closed store raises
        a ValidationError that says so.
        """
        ...
