"""Many requests at once: answers in the order of the requests, and errors as values."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from graphbit_core.errors import GraphBitError, ValidationError
from graphbit_core.kernel.calls import CallGroup
from graphbit_core.types.messages import ChatRequest, ChatResponse, Delta

Q = TypeVar("Q")
A = TypeVar("A")
A_co = TypeVar("A_co", covariant=True)


class GroupMember(Protocol[A_co]):
    """A call in progress that never blocks."""

    def receive(self) -> Sequence[Delta] | A_co:
        """The deltas that are there, perhaps none or, last, the answer, which is no sequence."""
        ...

    def close(self) -> None:
        """Ends the call if it is not over."""
        ...


Open = Callable[[Q, CallGroup], GroupMember[A]]
Done = Callable[[int, A | GraphBitError], None]
"""Told the place of a request and its answer or error; what it raises ends the calls that go on."""


@dataclass(frozen=True, slots=True)
class BatchItem:
    """What became of one request of a batch: an answer, or an error.

    Attributes:
        response: The answer; None where there is an error.
        error: Why there is no answer.
    """

    response: ChatResponse | None = None
    error: GraphBitError | None = None

    @property
    def ok(self) -> bool:
        """Whether there is an answer."""
        return self.response is not None

    @property
    def text(self) -> str:
        """The text of the answer. Raises the error where there is none."""
        if self.response is not None:
            return self.response.text
        raise self.error or ValidationError("the item has neither an answer nor an error", field="error")


def run_batch(
    requests: Sequence[ChatRequest], open_run: Open[ChatRequest, ChatResponse], max_concurrency: int
) -> list[BatchItem]:
    """Answers all requests on the calling thread; see ``run_all``."""
    items = [BatchItem()] * len(requests)
    run_all(requests, open_run, _keep_in(items), max_concurrency)
    return items


async def run_batch_async(
    requests: Sequence[ChatRequest],
    respond: Callable[[ChatRequest], Awaitable[ChatResponse]],
    max_concurrency: int,
) -> list[BatchItem]:
    """As ``run_batch``, on the running event loop."""
    items = [BatchItem()] * len(requests)
    await run_all_async(requests, respond, _keep_in(items), max_concurrency)
    return items


def run_all(requests: Sequence[Q], open_run: Open[Q, A], done: Done[A], max_concurrency: int) -> None:
    """Answers all requests on the calling thread, which waits for all calls at once.

    Whatever leaves early, such as Ctrl-C, ends the calls that go on.

    Args:
        requests: The requests.
        open_run: Begins the call of one request, as one of the group. A run that has nothing to give yet
            gives no deltas; one that blocks holds up the others.
        done: Told of each answer and error as they come.
        max_concurrency: Most calls at a time, at least 1.
    """
    check_concurrency(max_concurrency)
    group = CallGroup()
    work = _Work(requests, open_run, done, group)
    try:
        while True:
            if len(work.live) < max_concurrency:
                work.start(max_concurrency)
            if not work.live:
                return
            for place in group.wait():
                if place in work.live:
                    group.owner = place  # a fallback starts another call for it
                    work.advance(place)
    finally:
        for run in work.live.values():
            run.close()
        group.close()


async def run_all_async(
    requests: Sequence[Q], respond: Callable[[Q], Awaitable[A]], done: Done[A], max_concurrency: int
) -> None:
    """As ``run_all``, on the running event loop: one task for each call that may go on at a time."""
    check_concurrency(max_concurrency)
    waiting = iter(enumerate(requests))

    async def work() -> None:
        for place, request in waiting:
            try:
                found: A | GraphBitError = await respond(request)
            except GraphBitError as error:
                found = error
            done(place, found)

    workers = [asyncio.ensure_future(work()) for _ in range(min(max_concurrency, len(requests)))]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


class _Work(Generic[Q, A]):
    """The calls of one thread: those that wait to begin, and the ``live`` ones by place."""

    def __init__(self, requests: Sequence[Q], open_run: Open[Q, A], done: Done[A], group: CallGroup) -> None:
        self._waiting = iter(enumerate(requests))
        self._open, self._done, self._group = open_run, done, group
        self.live: dict[int, GroupMember[A]] = {}

    def start(self, max_concurrency: int) -> None:
        """Begins calls until so many go on."""
        for place, request in self._waiting:
            self._group.owner = place
            try:
                self.live[place] = self._open(request, self._group)
            except GraphBitError as error:
                self._done(place, error)
                continue
            self.advance(place)
            if len(self.live) >= max_concurrency:
                return

    def advance(self, place: int) -> None:
        """Takes what a run has; the last of it is its answer."""
        run = self.live[place]
        found: A | GraphBitError
        try:
            while given := run.receive():
                if not isinstance(given, Sequence):
                    found = given
                    break
            else:
                return
        except GraphBitError as error:
            found = error
        del self.live[place]
        run.close()
        self._done(place, found)


def check_concurrency(max_concurrency: int) -> None:
    """Raises ValidationError unless it is at least 1."""
    if max_concurrency < 1:
        raise ValidationError(
            f"max_concurrency is {max_concurrency}; it must be at least 1", field="max_concurrency"
        )


def _keep_in(items: list[BatchItem]) -> Done[ChatResponse]:
    def keep(place: int, found: ChatResponse | GraphBitError) -> None:
        items[place] = BatchItem(error=found) if isinstance(found, GraphBitError) else BatchItem(found)

    return keep
