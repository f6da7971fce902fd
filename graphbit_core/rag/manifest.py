"""What an index holds of which file: so that an unchanged file is not read again.

SQLite, one transaction per file, after the vector store has the file's records on disk: a crash
between the two means that the file is indexed once more, never that it is missing.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path


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
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS files (source TEXT PRIMARY KEY, size INTEGER NOT NULL, "
            "modified_ns INTEGER NOT NULL, digest TEXT NOT NULL, chunks INTEGER NOT NULL)"
        )

    def entries(self) -> dict[str, Entry]:
        """All entries, by source."""
        rows = self._db.execute("SELECT source, size, modified_ns, digest, chunks FROM files")
        return {row[0]: Entry(*row) for row in rows}

    def put(self, entry: Entry) -> None:
        """Adds or replaces an entry; it is on disk when this returns."""
        row = (entry.source, entry.size, entry.modified_ns, entry.digest, entry.chunks)
        self._db.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", row)

    def remove(self, source: str) -> None:
        """Removes an entry, if there is one."""
        self._db.execute("DELETE FROM files WHERE source = ?", (source,))

    def close(self) -> None:
        """Closes the file."""
        self._db.close()
