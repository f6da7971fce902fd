"""Runs the body of a tool: plain on a worker thread, a coroutine on the loop; late ones are left behind."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from graphbit_core.workers import Outcome, workers

_GRACE = 1.0
"""Seconds that a cancelled coroutine gets to end."""
MAX_ABANDONED = 8
"""So many calls of one tool may be left to themselves at a time; then it is busy."""


class TimedOut(Exception):
    """The time is over; ``abandoned``: the body goes on nevertheless."""

    def __init__(self, abandoned: bool) -> None:
        super().__init__()
        self.abandoned = abandoned


class _Abandoned:
    """Bodies that nobody waits for and that still run, by the tool's name."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()

    def add(self, name: str, by: int) -> None:
        with self._lock:
            self._running[name] += by
            if not self._running[name]:
                del self._running[name]

    def running(self) -> dict[str, int]:
        with self._lock:
            return dict(self._running)


_abandoned = _Abandoned()


def abandoned_tools() -> dict[str, int]:
    """Tools whose body still runs although nobody waits for it, and how many of each; in this process."""
    return _abandoned.running()


async def run_body(
    name: str,
    body: Callable[[], Any],
    finish: Callable[[Any], Any],
    *,
    timeout: float | None = None,
    on_loop: bool = False,
) -> Outcome:
    """What ``finish`` makes of what ``body`` returns (awaited if it can be), or what one of them raised.

    Args:
        name: Whose body it is, for ``abandoned_tools``.
        body: Called on a worker thread.
        finish: Called on a worker thread.
        timeout: Seconds for all of it.
        on_loop: Whether ``body`` is called here, because it is a coroutine function.

    Raises:
        TimedOut: It took longer than ``timeout`` seconds. Cancelling this cancels the body.
    """
    if timeout is not None and timeout <= 0:
        raise TimedOut(abandoned=False)  # not begun
    work = _Work(name)
    limit = asyncio.timeout(timeout)
    try:
        async with limit:
            if on_loop:
                outcome = await work.on_loop(body)
            else:
                outcome = await work.on_thread(lambda: _finished(body(), finish))
                if outcome[1] is None and not isinstance(outcome[0], _Finished):
                    awaitable = outcome[0]
                    outcome = await work.on_loop(lambda: awaitable)
            value, error = outcome
            if error is None and not isinstance(value, _Finished):
                value, error = await work.on_thread(lambda: _Finished(finish(value)))
            return (value.value if isinstance(value, _Finished) else None), error
    except TimeoutError:
        if limit.expired():
            raise TimedOut(await work.abandon()) from None
        raise
    except asyncio.CancelledError:
        await work.abandon()
        raise


@dataclass(frozen=True, slots=True)
class _Finished:
    value: Any


def _finished(value: Any, finish: Callable[[Any], Any]) -> Any:
    return value if inspect.isawaitable(value) else _Finished(finish(value))


class CancelledItselfError(RuntimeError):
    """A body raised CancelledError although nobody cancelled it."""


class _Work:
    """One body, step by step. What it raises never reaches the loop as such: SystemExit would end it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._pending: asyncio.Future[Outcome] | None = None
        self._lock = threading.Lock()
        self._left = self._done = False

    async def on_thread(self, function: Callable[[], Any]) -> Outcome:
        """Runs a plain function."""
        loop = asyncio.get_running_loop()
        self._pending = future = loop.create_future()
        self._done = False

        def arrive(outcome: Outcome) -> None:
            if not future.done():
                future.set_result(outcome)
            elif inspect.iscoroutine(outcome[0]):
                outcome[0].close()

        def done(outcome: Outcome) -> None:
            self._end()
            with suppress(RuntimeError):  # the loop was closed: nobody waits any more
                loop.call_soon_threadsafe(arrive, outcome)

        workers.submit(function, done)
        return _settled(await future)

    async def on_loop(self, function: Callable[[], Any]) -> Outcome:
        """Calls and awaits in a task of its own, which can be left behind."""
        self._done = False
        self._pending = task = asyncio.ensure_future(self._await(function))
        return _settled(await asyncio.shield(task))

    async def abandon(self) -> bool:
        """Cancels what can be; whether the body goes on all the same."""
        pending = self._pending
        if isinstance(pending, asyncio.Task):
            pending.cancel()
            await asyncio.wait([pending], timeout=_GRACE)
            if pending.done() and pending.cancelled():
                self._done = True  # cancelled before it began
        with self._lock:
            self._left = not self._done
            if self._left:
                _abandoned.add(self._name, 1)
        return self._left

    async def _await(self, function: Callable[[], Any]) -> Outcome:
        try:
            value = function()
            return (await value if inspect.isawaitable(value) else value), None
        except KeyboardInterrupt:
            raise  # the user's, not the body's
        except BaseException as error:  # noqa: BLE001 - reported as the tool's failure
            return None, error
        finally:
            self._end()

    def _end(self) -> None:
        with self._lock:
            self._done = True
            if self._left:
                _abandoned.add(self._name, -1)


def _settled(outcome: Outcome) -> Outcome:
    value, error = outcome
    if isinstance(error, asyncio.CancelledError):
        mended = CancelledItselfError("it was cancelled from within")
        mended.__cause__ = error
        return None, mended
    return value, error
