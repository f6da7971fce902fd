"""Streams that a container's frames come from: read one entry at a time, and closed."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

NO_MORE = object()
"""Stands for an entry where the stream has ended."""


class Source:
    """A stream of entries, plain or async. One entry is asked for at a time."""

    def __init__(self, entries: Iterator[Any] | AsyncIterator[Any]) -> None:
        self._entries: Any = entries
        self.is_async = isinstance(entries, AsyncIterator)
        self._reading = threading.Lock()
        self._over = False

    def next(self, _: object = None) -> Any:
        """The next entry, or ``NO_MORE``; to be awaited if the stream is async. A plain one may block."""
        if self.is_async:
            return anext(self._entries, NO_MORE)
        try:
            with self._reading:
                return next(self._entries, NO_MORE)
        finally:
            if self._over:
                self.close()

    def close(self) -> Any:
        """Ends a generator, to be awaited if it is async; a plain one that is just read ends afterwards."""
        self._over = True
        if self.is_async:
            close = getattr(self._entries, "aclose", None)
            return close() if close is not None else None
        close = getattr(self._entries, "close", None)
        if close is not None and self._reading.acquire(blocking=False):
            try:
                close()
            finally:
                self._reading.release()
        return None
