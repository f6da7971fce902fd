"""Threads for what blocks: daemons of our own, because the standard pool joins its threads when the
interpreter exits and would hang behind a function that never returns.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import queue
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from graphbit_core.clock import clock

_IDLE_SECONDS = 10.0
T = TypeVar("T")

Outcome = tuple[Any, BaseException | None]
"""What a function returned, or what it raised."""


class _Job:
    __slots__ = ("clock", "context", "done", "function")

    def __init__(self, function: Callable[[], Any], done: Callable[[Outcome], None]) -> None:
        self.function = function
        self.done = done
        self.context = contextvars.copy_context()
        self.clock = clock()
        self.clock.began(self)

    def run(self) -> None:
        try:
            outcome: Outcome = (self.context.run(self.function), None)
        except BaseException as error:  # noqa: BLE001 - reported through done(); the thread is ours
            outcome = (None, error)
        self.context.run(self.done, outcome)  # so that what the function returned is awaited in it, too
        self.clock.ended(self)


class Workers:
    """Grows a thread when all are busy, and lets it go after ten idle seconds.

    The number of threads is bounded by whoever submits: a run never has more bodies going than its
    concurrency limit, a model in this process no more calls than it was asked for.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Starts anew in a forked child, which has none of its parent's threads."""
        self._lock = threading.Lock()
        self._idle: list[queue.SimpleQueue[_Job]] = []

    def submit(self, function: Callable[[], Any], done: Callable[[Outcome], None]) -> None:
        """Calls ``function`` on a thread, in a copy of the caller's context, and then ``done`` there."""
        job = _Job(function, done)
        with self._lock:
            inbox = self._idle.pop() if self._idle else None
        if inbox is not None:
            inbox.put(job)
            return
        inbox = queue.SimpleQueue()
        inbox.put(job)  # not as an argument: a thread keeps its arguments for as long as it lives
        threading.Thread(target=self._work, args=(inbox,), name="graphbit-worker", daemon=True).start()

    def _work(self, inbox: queue.SimpleQueue[_Job]) -> None:
        job = inbox.get()
        while True:
            job.run()
            del job  # an idle thread must not keep what it worked on
            with self._lock:
                self._idle.append(inbox)
            try:
                job = inbox.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                with self._lock:
                    retired = inbox in self._idle
                    if retired:
                        self._idle.remove(inbox)
                if retired:
                    return
                job = inbox.get()  # handed over between the time-out and the lock


def wait_for(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Runs a coroutine to its end: here, or in a thread where this one has a running loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work())
    outcome: list[Any] = []
    context = contextvars.copy_context()

    def run() -> None:
        try:
            outcome.append((context.run(asyncio.run, work()), None))
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            outcome.append((None, error))

    thread = threading.Thread(target=run, name="graphbit-wait", daemon=True)
    thread.start()
    thread.join()
    result, error = outcome[0]
    if error is not None:
        raise error
    return result  # type: ignore[no-any-return]


workers = Workers()
"""The process's own."""
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=workers.forget)
