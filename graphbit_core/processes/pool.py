"""Children kept warm between jobs, and how many may run at once."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections import deque
from concurrent.futures import Future
from typing import Any

from graphbit_core.processes.worker import Worker
from graphbit_core.workers import workers

_IDLE_SECONDS = 30.0
_MOST = max(8, 2 * (os.cpu_count() or 1))


class Pool:
    """Starts a child when none is idle, and keeps healthy ones for 30 idle seconds.

    There are never more than ``running``, idle ones included: only who holds a permit, and finds none
    idle, starts another. The one that worked last is taken first, so those that are not needed go.

    Args:
        running: How many may run at once; further jobs wait in order. A function that waits uses no CPU, so
            there may be more of them than CPUs.
        idle_seconds: How long an idle child is kept.
    """

    def __init__(self, running: int = _MOST, idle_seconds: float = _IDLE_SECONDS) -> None:
        self._running = running
        self._idle_seconds = idle_seconds
        self.forget()

    def forget(self) -> None:
        """Starts anew in a forked process, which has none of its parent's children."""
        self._lock = threading.Lock()
        self._free = self._running
        self._waiting: deque[Future[None]] = deque()
        self._idle: list[Worker] = []
        self._closed = False
        self._tidying = False
        self._changed = threading.Event()

    # --- permits

    def permit(self) -> Future[None]:
        """Done once the caller may run a job; to be given back with ``release``, or cancelled before."""
        permit: Future[None] = Future()
        with self._lock:
            if not self._free:
                self._waiting.append(permit)
                return permit
            self._free -= 1
        permit.set_result(None)
        return permit

    def release(self) -> None:
        """Gives a permit to whoever has waited longest."""
        with self._lock:
            while self._waiting:
                permit = self._waiting.popleft()
                if permit.set_running_or_notify_cancel():
                    break
            else:
                self._free += 1
                return
        permit.set_result(None)

    def give_up(self, permit: Future[Any]) -> None:
        """The caller no longer wants what it asked for."""
        if not permit.cancel():
            self.release()

    # --- children

    def take(self) -> Worker:
        """An idle child, or a new one."""
        while True:
            with self._lock:
                worker = self._idle.pop() if self._idle else None
            if worker is None:
                return Worker()
            if worker.is_usable():
                return worker
            worker.end()

    def keep(self, worker: Worker) -> None:
        """Takes back a healthy child."""
        worker.idle_since = time.monotonic()
        with self._lock:
            kept = not self._closed
            if kept:
                self._idle.append(worker)
            tidy = kept and not self._tidying
            self._tidying = self._tidying or tidy
        if not kept:
            worker.end()
        elif tidy:
            workers.submit(self._tidy, lambda _: None)

    def _tidy(self) -> None:
        """Ends children that were idle for long; works for as long as there are idle ones."""
        while True:
            self._changed.wait(self._idle_seconds / 4)
            oldest = time.monotonic() - self._idle_seconds
            with self._lock:
                old = [worker for worker in self._idle if worker.idle_since <= oldest or self._closed]
                self._idle = [worker for worker in self._idle if worker not in old]
                self._tidying = bool(self._idle)
                done = not self._tidying
            for worker in old:
                worker.end()
            if done:
                return

    def close(self) -> None:
        """Ends the idle children; one that runs is ended after its job, or with this process."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        self._changed.set()
        for worker in idle:
            worker.end()


pool = Pool()
"""The process's own."""
atexit.register(pool.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=pool.forget)
