"""Bodies while they run: coroutines on the loop, plain functions on worker threads, inline ones in place."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from graphbit_core.workers import Outcome, workers
from graphbit_core.workflow.activation import Activation
from graphbit_core.workflow.functions import discard

Call = Callable[[Activation], Any]
"""Starts a body: gives its value, or something to await."""


class Bodies:
    """Starts bodies and tells ``ended`` how each came out, on the loop's thread, at most once per start."""

    def __init__(self, ended: Callable[[Activation, Outcome], None]) -> None:
        self._ended = ended
        self._tasks: dict[Activation, tuple[asyncio.Task[None], Any]] = {}
        """The task of a body, and what it awaits."""
        self._threads: set[Activation] = set()

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Says on which loop they run."""
        self.loop = loop
        self._wake = asyncio.Event()

    @property
    def left(self) -> set[Activation]:
        """What still runs."""
        return self._threads | self._tasks.keys()

    def wake(self) -> None:
        """Ends a ``wait``."""
        self._wake.set()

    async def wait(self, *times: float | None) -> None:
        """Until a body has ended, or the first of ``times``, as ``time.monotonic`` counts."""
        due = min((at for at in times if at is not None), default=None)
        # Event loops count on time.monotonic too, from the same origin.
        timer = self.loop.call_later(due - time.monotonic(), self._wake.set) if due is not None else None
        try:
            await self._wake.wait()
        finally:
            if timer is not None:
                timer.cancel()
        self._wake.clear()

    def start(self, activation: Activation, call: Call, *, on_loop: bool) -> None:
        """Starts one body, on the loop or on a worker thread."""
        try:
            if on_loop:
                self._returned(activation, (call(activation), None))
            else:
                self._threads.add(activation)
                workers.submit(
                    lambda: call(activation), lambda outcome: self._from_thread(activation, outcome)
                )
        except KeyboardInterrupt:
            raise  # the user's, not the body's
        except BaseException as error:  # noqa: BLE001 - becomes the node's failure
            self._threads.discard(activation)
            self._ended(activation, (None, error))

    def stop(self, activation: Activation) -> None:
        """Cancels a coroutine; a plain function goes on."""
        if activation in self._tasks:
            self._tasks[activation][0].cancel()

    async def reap(self, seconds: float) -> None:
        """Waits for what was cancelled, at most ``seconds``."""
        tasks = dict(self._tasks)
        if tasks:
            await asyncio.wait([task for task, _ in tasks.values()], timeout=seconds)
        for activation, (task, awaitable) in tasks.items():
            if task.done():  # still noted only if it was cancelled before it began
                self._tasks.pop(activation, None)
                discard(awaitable)

    def _returned(self, activation: Activation, outcome: Outcome) -> None:
        """A function has ended; what it returned may have to be awaited."""
        value, error = outcome
        # inspect.isawaitable also knows generator-based coroutines, which are gone, and costs much.
        if error is not None or not hasattr(type(value), "__await__"):
            self._ended(activation, outcome)
        elif activation.ended:
            discard(value)
        else:
            self._tasks[activation] = self.loop.create_task(self._await(activation, value)), value

    async def _await(self, activation: Activation, awaitable: Any) -> None:
        try:
            outcome: Outcome = (await awaitable, None)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - becomes the node's failure
            outcome = (None, error)
        self._tasks.pop(activation, None)
        self._ended(activation, outcome)

    def _from_thread(self, activation: Activation, outcome: Outcome) -> None:
        def arrive() -> None:
            self._threads.discard(activation)
            try:
                self._returned(activation, outcome)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001 - an odd value; becomes the node's failure
                self._ended(activation, (None, error))

        # A closed loop means that the run ended without this body and has reported it as abandoned.
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(arrive)
