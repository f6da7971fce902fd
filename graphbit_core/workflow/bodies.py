"""Bodies while they run: coroutines on the loop, plain functions on worker threads, inline ones in place."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from graphbit_core.workers import Outcome, workers
from graphbit_core.workflow.activation import Activation
from graphbit_core.workflow.functions import discard
from graphbit_core.workflow.sources import Source

_logger = logging.getLogger("graphbit.workflow")

Call = Callable[[Activation], Any]
"""Starts a body: gives its value, or something to await."""


class Bodies:
    """Starts bodies and tells ``ended`` how each came out, on the loop's thread, at most once per start."""

    def __init__(self, ended: Callable[[Activation, Outcome], None], now: Callable[[], float]) -> None:
        self._ended = ended
        self._now = now
        self._tasks: dict[Activation, tuple[asyncio.Task[None], Any]] = {}
        """The task of a body, and what it awaits."""
        self._threads: set[Activation] = set()
        self._closing: dict[asyncio.Task[None], Activation] = {}
        """Streams that are being closed, and the container that read them."""

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Says on which loop they run."""
        self.loop = loop
        self._wake = asyncio.Event()

    @property
    def left(self) -> set[Activation]:
        """What still runs."""
        return self._threads | self._tasks.keys() | set(self._closing.values())

    def wake(self) -> None:
        """Ends a ``wait``."""
        self._wake.set()

    async def wait(self, *times: float | None) -> None:
        """Until a body has ended, or the first of ``times``, as ``now`` counts."""
        due = min((at for at in times if at is not None), default=None)
        timer = None
        if due is not None:
            timer = self.loop.call_later(due - self._now(), self._wake.set)
        try:
            await self._wake.wait()
        finally:
            if timer is not None:
                timer.cancel()
        self._wake.clear()

    def start(self, activation: Activation, call: Call, on_loop: bool) -> None:
        """Starts one body, here or on a worker thread."""
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

    def close(self, activation: Activation, source: Source) -> None:
        """Closes the stream that a container has read; ``reap`` waits for it."""
        task = self.loop.create_task(self._close(activation, source))
        self._closing[task] = activation
        task.add_done_callback(self._closing.pop)

    async def _close(self, activation: Activation, source: Source) -> None:
        reading = self._tasks.get(activation)
        if reading is not None:
            await asyncio.wait([reading[0]])
        try:
            if source.is_async:
                await (source.close() or asyncio.sleep(0))
            else:
                ended = self.loop.create_future()
                workers.submit(source.close, lambda outcome: self._tell(ended, outcome[1]))
                if (error := await ended) is not None:
                    raise error
        except Exception as error:  # its clean-up went wrong; nothing is left that could fail
            _logger.warning("a stream that a container read could not be closed", exc_info=error)

    def _tell(self, ended: asyncio.Future[BaseException | None], error: BaseException | None) -> None:
        """From a thread."""

        def tell() -> None:
            if not ended.done():
                ended.set_result(error)

        with suppress(RuntimeError):  # the loop was closed: nobody waits any more
            self.loop.call_soon_threadsafe(tell)

    async def reap(self, seconds: float) -> None:
        """Waits for what was cancelled and for streams that are closed, at most ``seconds``."""
        tasks = dict(self._tasks)
        waiting = {task for task, _ in tasks.values()} | self._closing.keys()
        if waiting:
            await asyncio.wait(waiting, timeout=seconds)
        for closing in list(self._closing):
            closing.cancel()
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
        if not self.loop.is_closed():  # else this was thrown away with its loop, and nobody waits
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

        try:
            self.loop.call_soon_threadsafe(arrive)
        except RuntimeError:  # the loop was closed: the run ended without this body and reported it as left
            discard(outcome[0])
