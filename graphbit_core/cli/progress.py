"""A progress bar on standard error; silent where that is not a terminal."""

from __future__ import annotations

import sys
from typing import Self

_WIDTH = 30


class Bar:
    """``with Bar("indexing") as bar: bar.update(done, total, name)``."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._shown = False
        self._tty = sys.stderr.isatty()

    def update(self, done: int, total: int, name: str) -> None:
        """Draws the bar anew."""
        if not self._tty:
            return
        filled = _WIDTH * done // max(total, 1)
        bar = "█" * filled + "░" * (_WIDTH - filled)
        print(f"\r\x1b[2K{self._title} {bar} {done}/{total} {name[:40]}", end="", file=sys.stderr, flush=True)
        self._shown = True

    def close(self) -> None:
        """Takes the bar away; calling it again does nothing."""
        if self._shown:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)
            self._shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
