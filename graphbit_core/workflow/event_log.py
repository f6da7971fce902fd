"""The events of one run, kept for readers that are slow, several, or come back.

The position of an event in the log is its ``seq``. Deltas of one call are not kept as events but as pieces of
a text, so a reader can be given one of them, or many at once when it has fallen behind.
"""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_left
from collections.abc import Callable
from itertools import accumulate
from typing import Any

from graphbit_core.errors import WorkflowError
from graphbit_core.types.events import Event

SLOW = 256
"""A reader that is so many events behind is given neighbouring deltas of a call joined."""
_PIECES = 256
"""How many deltas are kept, and joined, as one text at most."""


class Deltas:
    """Pieces of one text, in order: deltas of one call, without another event of its activation between."""

    __slots__ = ("_ends", "_pieces", "_seqs", "_text", "_times", "first")

    def __init__(self, event: Event) -> None:
        self.first = event
        self._pieces: list[str] = []
        self._seqs = array("Q")
        self._times = array("d")
        self._ends: array[int] | None = None
        self._text = ""

    def add(self, event: Event) -> bool:
        """Takes one more piece; False when it was the last that is taken."""
        self._pieces.append(event.data["text"])
        self._seqs.append(event.seq)
        self._times.append(event.ts)
        return len(self._seqs) < _PIECES

    def close(self) -> None:
        """No more pieces come: from now on they cost their text and 28 bytes each."""
        self._ends = array("I", accumulate(map(len, self._pieces)))
        self._text = "".join(self._pieces)
        self._pieces = []

    def event(self, start: int, end: int) -> Event:
        """The pieces from ``seq`` start to ``seq`` end as one event, that of the last one."""
        a, b = bisect_left(self._seqs, start), bisect_left(self._seqs, end)
        if self._ends is None:
            text = "".join(self._pieces[a : b + 1])
        else:
            text = self._text[self._ends[a - 1] if a else 0 : self._ends[b]]
        one = self.first
        data = {**one.data, "text": text}
        if a != b:
            data["first_seq"] = start
        return Event(
            one.run_id,
            end,
            self._times[b],
            one.type,
            one.node,
            one.activation,
            data,
            one.attempt,
            one.trace_id,
            one.v,
        )


class Cursor:
    """Where one reader stands. ``next`` is for the thread of the reader, all else for the log.

    Args:
        log: What is read.
        position: ``seq`` of the first event it wants.
        wake: Called, from the thread of the run, when an event comes that the reader waits for.
        join: Whether deltas may be joined when the reader is slow.
    """

    def __init__(self, log: EventLog, position: int, wake: Callable[[], None], *, join: bool) -> None:
        self._log = log
        self._join = join
        self.position = position
        self.waiting = False
        self.done = False
        self.wake = wake

    def next(self) -> Event | None:
        """The next event. None if it is still to come, and then ``wake`` will be called; or ``done``."""
        log, start = self._log, self.position
        with log.lock:
            entry = log.at(start)
            if entry is None:
                self.done = log.closed
                self.waiting = not self.done
                return None
            self.position = start + 1
            if isinstance(entry, Event):
                return entry
            if self._join and log.end - start > SLOW:
                # Only neighbours: then whatever was given, the rest begins at the next ``seq``.
                while log.at(self.position) is entry:
                    self.position += 1
            return entry.event(start, self.position - 1)


class EventLog:
    """Takes the events of a run as they come, and never waits.

    What no reader has read is kept. Of what was read the newest ``keep`` events are kept, for readers that
    come back.

    Args:
        keep: How many, at least 0; None: all.
    """

    def __init__(self, keep: int | None) -> None:
        # Reentrant, because a reader that is collected leaves, wherever that happens.
        self.lock = threading.RLock()
        self.closed = False
        self.cursors: list[Cursor] = []
        self._keep = keep
        self._entries: list[Event | Deltas] = []
        self._base = 0
        self._read = 0
        self._look_at = SLOW
        self._open: dict[Any, dict[Any, Deltas]] = {}

    @property
    def end(self) -> int:
        """``seq`` of the next event that comes."""
        return self._base + len(self._entries)

    def at(self, seq: int) -> Event | Deltas | None:
        """The entry of an event; None if it has not come yet."""
        place = seq - self._base
        return self._entries[place] if place < len(self._entries) else None

    def append(self, event: Event) -> None:
        """Takes the next event."""
        with self.lock:
            self._entries.append(self._entry(event))
            if event.seq >= self._look_at and self._keep is not None:
                self._forget(self._keep)
            for cursor in self.cursors:
                if cursor.waiting:
                    cursor.waiting = False
                    cursor.wake()

    def close(self) -> None:
        """No more events come."""
        with self.lock:
            self.closed = True
            for cursor in self.cursors:
                cursor.wake()

    def open(self, from_seq: int, wake: Callable[[], None], *, join: bool) -> Cursor:
        """A cursor for a reader that wants the events from ``from_seq`` on.

        Raises:
            WorkflowError: Some of them are no longer kept.
        """
        with self.lock:
            if from_seq < self._base:
                raise WorkflowError(
                    f"the events before {self._base} are no longer kept, and {from_seq} was asked for; read "
                    f"on from {self._base}, or have more kept: stream(…, keep=None) keeps all"
                )
            cursor = Cursor(self, from_seq, wake, join=join)
            self.cursors.append(cursor)
            return cursor

    def leave(self, cursor: Cursor) -> bool:
        """The reader reads no more. Whether it was the last one."""
        with self.lock:
            self.cursors.remove(cursor)
            self._read = max(self._read, cursor.position)
            return not self.cursors

    def _entry(self, event: Event) -> Event | Deltas:
        if not _is_delta(event):
            if self._open:  # whatever else its activation tells comes after the deltas so far
                for left in self._open.pop((event.activation, event.attempt), {}).values():
                    left.close()
            return event
        calls = self._open.setdefault((event.activation, event.attempt), {})
        key = (event.data["index"], event.data["kind"])
        deltas = calls.get(key)
        if deltas is None:
            deltas = calls[key] = Deltas(event)
        if not deltas.add(event):
            deltas.close()
            del calls[key]
        return deltas

    def _forget(self, keep: int) -> None:
        """Drops what every reader has read, but for the newest; in large steps, as each moves the rest."""
        read = min((cursor.position for cursor in self.cursors), default=self._read)
        step = max(SLOW, len(self._entries) // 4)
        drop = min(read, self.end - keep) - self._base
        if drop >= step:
            del self._entries[:drop]
            self._base += drop
        self._look_at = self.end + step


def _is_delta(event: Event) -> bool:
    """Whether it is a piece of text as a model's call gives it; bodies may emit what they like."""
    if event.type != "llm.delta" or len(event.data) != 3:
        return False
    get = event.data.get
    return isinstance(get("text"), str) and isinstance(get("kind"), str) and isinstance(get("index"), int)
