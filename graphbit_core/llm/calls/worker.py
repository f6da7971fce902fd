"""Runs work that blocks on a worker thread and brings what it makes to an event loop, item by item."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from graphbit_core.errors import ValidationError
from graphbit_core.kernel.calls import CLOSED
from graphbit_core.workers import workers

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Ended(Generic[Result]):
    """What a worker's generator returned."""

    value: Result


class Worker(Generic[Item, Result]):
    """Runs ``source`` with the caller's contextvars; ``receive`` its items, ``stop`` it when done."""

    def __init__(self, source: Generator[Item, None, Result]) -> None:
        self._loop = asyncio.get_running_loop()
        self._source = source
        self._items: list[Item | Ended[Result] | BaseException] = []
        self._lock = threading.Lock()
        self._arrived = asyncio.Event()
        self._stopped = False
        workers.submit(self._work, lambda _: None)  # _work reports by itself, item by item

    async def receive(self) -> list[Item | Ended[Result]]:
        """The items since the last call, at least one; the last of all is ``Ended``.

        Raises what ``source`` raised, after the items before it, and ValidationError once it was stopped.
        """
        await self._arrived.wait()
        if self._stopped:
            raise ValidationError(CLOSED)
        with self._lock:
            items, self._items = self._items, []
            self._arrived.clear()
            if len(items) > 1 and isinstance(items[-1], BaseException):
                self._items = [items.pop()]
                self._arrived.set()
        if isinstance(items[0], BaseException):
            raise items[0]
        return items  # type: ignore[return-value]

    def stop(self) -> None:
        """Asks the thread to end at its next item; it cannot be interrupted before."""
        self._stopped = True
        self._arrived.set()

    def _work(self) -> None:
        try:
            while not self._stopped:
                self._put(next(self._source))
            self._source.close()
        except StopIteration as end:
            self._put(Ended(end.value))
        except BaseException as error:  # noqa: BLE001 - raised again in the coroutine that waits
            self._put(error)

    def _put(self, item: Item | Ended[Result] | BaseException) -> None:
        with self._lock:
            self._items.append(item)
            if len(self._items) > 1 or self._stopped:
                return
        try:
            self._loop.call_soon_threadsafe(self._arrived.set)
        except RuntimeError:
            self._stopped = True  # the loop was closed: nobody waits any more


async def in_thread(function: Callable[..., Result], *args: Any) -> Result:
    """``function(*args)``, run by a worker."""
    worker = Worker(_once(function, args))
    try:
        (ended,) = await worker.receive()
    finally:
        worker.stop()
    assert isinstance(ended, Ended)
    return ended.value


def _once(function: Callable[..., Result], args: tuple[Any, ...]) -> Generator[None, None, Result]:
    return function(*args)
    yield  # makes this a generator
