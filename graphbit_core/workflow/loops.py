"""Event loops of our own: for ``execute``, and for a stream that is read with ``for``."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Generic, TypeVar

from graphbit_core.errors import WorkflowError

T = TypeVar("T")

_POLL = 0.1
"""Waiting for a thread, Ctrl-C is seen after so many seconds at the latest, on every platform."""

_LAST_WAIT = 1.0
"""How long tasks that a body left behind get to end once they are cancelled, in seconds."""


def run_blocking(main: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end: here, or in a helper thread where this one has a running loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        thread = LoopThread(main)
        thread.finish()
        return thread.result()
    # Only its Ctrl-C handling is wanted of the runner: its close() waits without end for tasks that
    # ignore their cancellation and for threads of asyncio.to_thread.
    runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
    try:
        return runner.run(main)
    except RuntimeError as error:
        raise error if inspect.getcoroutinestate(main) == inspect.CORO_CLOSED else _stopped() from error
    finally:
        _close(runner.get_loop())


class LoopThread(Generic[T]):
    """Runs a coroutine on a loop in a thread, with the caller's context variables.

    Args:
        main: The coroutine.
        ended: Called in the thread after its end.
    """

    def __init__(self, main: Coroutine[Any, Any, T], ended: Callable[[], None] = lambda: None) -> None:
        self._ended = ended
        self._error: BaseException | None = None
        self._loop = asyncio.new_event_loop()
        self._task = self._loop.create_task(main)
        self._thread = threading.Thread(target=self._work, name="graphbit-run", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        try:
            try:
                self._loop.run_until_complete(self._task)
            except RuntimeError as error:
                raise error if self._task.done() else _stopped() from error
            finally:
                _close(self._loop)
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that asks for the result
            self._error = error
        finally:
            self._ended()

    def finish(self) -> None:
        """Waits for the end; interrupted, by Ctrl-C for example, it cancels the run first."""
        try:
            while self._thread.is_alive():
                self._thread.join(_POLL)
        finally:
            self.stop()

    def cancel(self) -> None:
        """Asks it to end, from any thread."""
        # A loop that is closed means that the run has ended.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._task.cancel)

    def stop(self) -> None:
        """Cancels what still runs, and waits for its end."""
        self.cancel()
        # A reader that is forgotten rather than closed may be collected anywhere, on this thread too.
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def result(self) -> T:
        """What the coroutine returned or raised."""
        if self._error is not None:
            raise self._error
        return self._task.result()


def _stopped() -> WorkflowError:
    return WorkflowError("a body stopped the event loop of its run; the run was cancelled and has no result")


def _close(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_until_complete(_wind_up(loop))
    finally:
        loop.close()


async def _wind_up(loop: asyncio.AbstractEventLoop) -> None:
    """Cancels what bodies left behind. What was cancelled before and still goes on is not waited for."""
    this = asyncio.current_task()
    left = [task for task in asyncio.all_tasks() if task is not this and not task.cancelling()]
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left, timeout=_LAST_WAIT)
    await asyncio.wait([asyncio.ensure_future(loop.shutdown_asyncgens())], timeout=_LAST_WAIT)
