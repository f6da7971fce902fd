"""What an index holds of which file: so that an unchanged file is not read again.

SQLite, one transaction per batch of files, after the vector store has their records on disk: a crash
between the two means that they are indexed once more, never that they are missing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from graphbit_core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Entry:
    """One indexed file. ``digest`` is of its bytes; size and modification time save reading them."""

    source: str
    size: int
    modified_ns: int
    digest: str
    chunks: int


class Manifest:
    """The entries of one index, kept in ``path``; one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Opens it, or makes it.

        Raises:
            ConfigError: It cannot be opened or written, or is no such file.
        """
        self._path = path
        with self._explained():
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS files (source TEXT PRIMARY KEY, size INTEGER NOT NULL, "
            "modified_ns INTEGER NOT NULL, digest TEXT NOT NULL, chunks INTEGER NOT NULL)"
        )

    def entries(self) -> dict[str, Entry]:
        """All entries, by source."""
        with self._explained():
            rows = self._db.execute("SELECT source, size, modified_ns, digest, chunks FROM files")
            return {row[0]: Entry(*row) for row in rows}

    def put(self, entries: Iterable[Entry]) -> None:
        """Adds or replaces entries, all or none; they are on disk when this returns."""
        rows = [(e.source, e.size, e.modified_ns, e.digest, e.chunks) for e in entries]
        with self._changed():
            self._db.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", rows)

    def remove(self, sources: Iterable[str]) -> None:
        """Removes entries, all or none; one that is not there does no harm."""
        with self._changed():
            self._db.executemany("DELETE FROM files WHERE source = ?", [(source,) for source in sources])

    @contextmanager
    def _changed(self) -> Iterator[None]:
        with self._explained():
            self._db.execute("BEGIN IMMEDIATE")
            with self._db:  # commits, or rolls back
                yield

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise ConfigError(
                f"the index in {str(self._path.parent)!r} cannot be used: {error}; "
                "remove that folder to index anew, or choose another one",
                setting="index",
            ) from error

    def close(self) -> None:
        """Closes the file."""
        self._db.close()
