"""Checkpointers: keep the journal of a run, so that another process can go on with it.

The engine keeps no journal yet; this is what it will write to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol, runtime_checkable


@runtime_checkable
class Checkpointer(Protocol):
    """Made with settings as keywords. A run has one owner at a time, known by a growing epoch.

    Threads:
        Several threads and processes at once, for different runs; for one run its owner only.
    """

    graphbit_api: ClassVar[tuple[int, int]]

    def __init__(self, **settings: Any) -> None: ...

    def acquire(self, run_id: str) -> int:
        """Takes the run over and returns its new epoch; whoever held an earlier one can write no more.

        Epochs of a run begin at 1.
        """
        ...

    def append(self, run_id: str, epoch: int, records: Sequence[bytes]) -> None:
        """Adds records in one transaction; when it returns, they survive the death of the process.

        Raises:
            LeaseLostError: ``epoch`` is not the newest one; nothing was written.
        """
        ...

    def read(self, run_id: str) -> list[bytes]:
        """All records in the order they were written; empty for a run it does not know."""
        ...

    def delete(self, run_id: str) -> None:
        """Forgets a run; one it does not know is ignored."""
        ...

    def close(self) -> None:
        """Frees files and connections; calling it again does nothing."""
        ...
