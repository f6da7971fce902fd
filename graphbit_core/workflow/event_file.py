"""Events in a file: one JSON object a line, in the wire form of ``Event.to_dict``."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Self

from graphbit_core.errors import ValidationError
from graphbit_core.types.events import Event


class EventFile:
    """Writes each event it is called with; for ``Executor(subscribers=[…])``, and for a plugin's hook.

    Events of several runs may go into one file; each line has its ``run_id``. A line has been handed
    to the system when the call returns; only deltas wait for the next event that is none.

    Args:
        path: The file.
        append: Whether to keep what the file holds.

    Raises:
        OSError: The file cannot be opened, or, when called, written.
    """

    def __init__(self, path: str | Path, *, append: bool = False) -> None:
        self._lock = threading.Lock()
        # A lone surrogate cannot be written as UTF-8; with a backslash it is the escape JSON has.
        self._file: IO[str] = Path(path).open(  # noqa: SIM115 - closed by close()
            "a" if append else "w", encoding="utf-8", errors="backslashreplace", newline="\n"
        )

    def __call__(self, event: Event) -> None:
        """Writes one event."""
        line = json.dumps(event.to_dict(), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        with self._lock:
            self._file.write(f"{line}\n")
            if event.type != "llm.delta":
                self._file.flush()

    def close(self) -> None:
        """Writes what is left; calling it again does nothing."""
        with self._lock:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @staticmethod
    def read(path: str | Path) -> Iterator[Event]:
        """The events of a file.

        Raises:
            OSError: It cannot be read.
            ValidationError: A line holds no event; the message names it.
        """
        with Path(path).open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield Event.from_dict(json.loads(line))
                except ValueError as error:  # JSONDecodeError and ValidationError are such
                    raise ValidationError(f"{path}, line {number}: {error}", field="line") from error
