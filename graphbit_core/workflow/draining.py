"""Which runs of an executor go on, so that they can be drained: what runs may end, nothing new begins."""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass

from graphbit_core.errors import ValidationError, WorkflowError
from graphbit_core.workflow.driver import LONGEST_END, Driver
from graphbit_core.workflow.result import WorkflowResult

DRAIN_SECONDS = 30.0
"""How long runs may take to end what they do, unless told otherwise."""
_POLL = 0.1
"""Waiting for runs on other threads, Ctrl-C is seen after so many seconds at the latest."""


@dataclass(frozen=True, slots=True)
class DrainedRun:
    """What became of a run that went on when its executor was drained.

    Attributes:
        run_id: Id of the run.
        workflow: Name of its workflow.
        state: How it ended, as in its result; ``cancelled`` also if its caller gave it up; ``running`` if it
            did not end even when it was broken off, because a body blocks its event loop.
        unfinished: Ids of the nodes that did not run, or were broken off; see ``WorkflowResult.unfinished``.
    """

    run_id: str
    workflow: str
    state: str
    unfinished: Sequence[str] = ()


class _Going:
    """A run, from the thread and loop that it goes on on."""

    __slots__ = ("__weakref__", "_result", "driver", "ended", "loop", "nested")

    def __init__(self, driver: Driver, *, nested: bool) -> None:
        self.driver = driver
        self.loop = asyncio.get_running_loop()
        self.nested = nested
        self.ended: Future[None] = Future()
        self._result: WorkflowResult | None = None

    def end(self, result: WorkflowResult | None) -> None:
        self._result = result
        self.ended.set_result(None)

    def drain(self) -> None:
        with suppress(RuntimeError):  # its loop was closed, and the run with it
            self.loop.call_soon_threadsafe(self.driver.drain)

    def break_off(self) -> None:
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self.driver.break_off)

    def told(self) -> DrainedRun:
        result, driver = self._result, self.driver
        if result is not None:
            return DrainedRun(result.run_id, driver.workflow, result.state, result.unfinished)
        lost = self.ended.done() or self.loop.is_closed()
        return DrainedRun(driver.run_id, driver.workflow, "cancelled" if lost else "running")


class GoingRuns:
    """The runs of one executor that go on. Any thread may call."""

    def __init__(self) -> None:
        # Reentrant, because a coroutine that is collected ends its run, wherever that happens.
        self._lock = threading.RLock()
        # Weak, so that a run whose event loop was closed under it can be collected.
        self._runs: weakref.WeakSet[_Going] = weakref.WeakSet()
        self._drains = False

    async def run(self, driver: Driver, *, nested: bool) -> WorkflowResult:
        """Runs it to its end. A nested run is drained with the body that it is part of, not by itself."""
        going, result = _Going(driver, nested=nested), None
        with self._lock:
            self._runs.add(going)
            late = self._drains and not nested
        if late:  # it was let in just before the executor was drained
            going.drain()
        try:
            result = await driver.run()
            return result
        finally:
            with self._lock:
                self._runs.discard(going)
            going.end(result)

    def check_elsewhere(self) -> None:
        """For a caller that will block.

        Raises:
            WorkflowError: One of them goes on on the event loop of this thread, and so could not end.
        """
        here = asyncio._get_running_loop()
        with self._lock:
            if here is not None and any(going.loop is here for going in self._runs):
                raise WorkflowError(
                    "runs of this executor go on on the event loop of this thread, which drain() would "
                    "block; await drain_async(), or use `async with`"
                )

    def drain(self, seconds: float) -> list[DrainedRun]:
        """Waits for their end; see ``Executor.drain``."""
        runs = self._begin()
        try:
            _wait(runs, seconds)
        finally:
            self._break_off()
        _wait(runs, LONGEST_END)
        return [going.told() for going in runs]

    async def drain_async(self, seconds: float) -> list[DrainedRun]:
        """As ``drain``, on the running event loop."""
        runs = self._begin()
        ended = [asyncio.wrap_future(going.ended) for going in runs]
        try:
            if ended:
                await asyncio.wait(ended, timeout=seconds)
        finally:
            self._break_off()
        if ended:
            await asyncio.wait(ended, timeout=LONGEST_END)
        return [going.told() for going in runs]

    def _begin(self) -> list[_Going]:
        with self._lock:
            self._drains = True
            runs = [going for going in self._runs if not going.nested]
        for going in runs:
            going.drain()
        return runs

    def _break_off(self) -> None:
        """Cancels what is left; nested runs too, because those on threads do not end with their body."""
        with self._lock:
            runs = list(self._runs)
        for going in runs:
            going.break_off()


def check_bound(seconds: float) -> float:
    """How long a drain may take, before what is left is cancelled.

    Raises:
        ValidationError: It is no time.
    """
    right = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not right or not 0 <= seconds < float("inf"):
        raise ValidationError(f"seconds is {seconds!r}; give seconds, at least 0", field="seconds")
    return seconds


def _wait(runs: Iterable[_Going], seconds: float) -> None:
    end, left = time.monotonic() + seconds, {going.ended for going in runs if not going.loop.is_closed()}
    while left and (rest := end - time.monotonic()) > 0:
        left = wait(left, timeout=min(rest, _POLL)).not_done
