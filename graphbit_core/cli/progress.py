"""Progress on standard error; silent where that is not a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from graphbit_core.types.events import Event

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


class MapProgress:
    """Reads a run's events and shows how far its maps are; those inside of others' items are left out."""

    def __init__(self) -> None:
        self._bar = Bar("items")
        self._done: dict[str, int] = {}
        self._count: dict[str, int] = {}

    @property
    def shows(self) -> bool:
        """Whether there is anybody to show it to."""
        return sys.stderr.isatty()

    def __call__(self, event: Event) -> None:
        """Takes one event."""
        node = event.node
        if node is None or not event.type.startswith("map.") or (event.activation or "").count("/") != 1:
            return
        if event.type == "map.started":
            self._done[node], self._count[node] = 0, event.data["count"]
        elif event.type == "map.completed":
            self._bar.close()
        else:
            self._done[node] += 1
            self._bar.update(self._done[node], max(self._done[node], self._count[node]), node)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()
