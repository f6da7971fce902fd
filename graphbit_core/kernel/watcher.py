"""Hearing of a mailbox on event loops that cannot watch a descriptor."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from graphbit_core.kernel import Mailbox

SIGNAL_CHECK = 0.1
"""Seconds after which a blocking caller looks for signals such as Ctrl-C."""


class Watcher:
    """For loops without ``add_reader`` (Windows' proactor): a thread waits and calls back on the loop."""

    def __init__(self, mailbox: Mailbox, loop: asyncio.AbstractEventLoop, deliver: Any) -> None:
        self._mailbox, self._loop, self._deliver = mailbox, loop, deliver
        self._running = True
        self._delivered = threading.Event()
        threading.Thread(target=self._watch, daemon=True, name="graphbit-mailbox").start()

    def stop(self) -> None:
        """Ends the thread, which closes the mailbox."""
        self._running = False
        self._delivered.set()

    def _watch(self) -> None:
        while self._running:
            if not self._mailbox.wait(SIGNAL_CHECK):
                continue
            self._delivered.clear()
            try:
                self._loop.call_soon_threadsafe(self._on_loop)
            except RuntimeError:
                break
            while self._running and not self._loop.is_closed() and not self._delivered.wait(SIGNAL_CHECK):
                pass
        self._mailbox.close()

    def _on_loop(self) -> None:
        if self._running:
            self._deliver()
        self._delivered.set()
