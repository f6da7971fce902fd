"""Many requests at once: answers in the order of the requests, and errors as values."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from graphbit_core.errors import GraphBitError, ValidationError
from graphbit_core.kernel.calls import CallGroup
from graphbit_core.llm.stream import Run
from graphbit_core.types.messages import ChatRequest, ChatResponse

Places = Iterator[tuple[int, ChatRequest]]


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
    requests: Sequence[ChatRequest], open_run: Callable[[ChatRequest, CallGroup], Run], max_concurrency: int
) -> list[BatchItem]:
    """Answers all requests on the calling thread, which waits for all calls at once.

    Whatever leaves early, such as Ctrl-C, ends the calls that go on.

    Args:
        requests: The requests.
        open_run: Begins the call of one request, as one of the group. A run that has nothing to give yet
            gives no deltas; one that blocks holds up the others.
        max_concurrency: Most calls at a time, at least 1.
    """
    _check(max_concurrency)
    items = [BatchItem()] * len(requests)
    waiting = iter(enumerate(requests))
    group = CallGroup()
    live: dict[int, Run] = {}
    try:
        while True:
            if len(live) < max_concurrency:
                _start(waiting, max_concurrency, group, open_run, live, items)
            if not live:
                return items
            for place in group.wait():
                if place in live:
                    group.owner = place  # a fallback starts another call for it
                    _advance(place, live, items)
    finally:
        for run in live.values():
            run.close()
        group.close()


async def run_batch_async(
    requests: Sequence[ChatRequest],
    respond: Callable[[ChatRequest], Awaitable[ChatResponse]],
    max_concurrency: int,
) -> list[BatchItem]:
    """As ``run_batch``, on the running event loop: one task for each call that may go on at a time."""
    _check(max_concurrency)
    items = [BatchItem()] * len(requests)
    waiting = iter(enumerate(requests))

    async def work() -> None:
        for place, request in waiting:
            try:
                items[place] = BatchItem(await respond(request))
            except GraphBitError as error:
                items[place] = BatchItem(error=error)

    workers = [asyncio.ensure_future(work()) for _ in range(min(max_concurrency, len(requests)))]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    return items


def _start(
    waiting: Places,
    max_concurrency: int,
    group: CallGroup,
    open_run: Callable[[ChatRequest, CallGroup], Run],
    live: dict[int, Run],
    items: list[BatchItem],
) -> None:
    """Begins calls until so many go on."""
    for place, request in waiting:
        group.owner = place
        try:
            live[place] = open_run(request, group)
        except GraphBitError as error:
            items[place] = BatchItem(error=error)
            continue
        _advance(place, live, items)
        if len(live) >= max_concurrency:
            return


def _advance(place: int, live: dict[int, Run], items: list[BatchItem]) -> None:
    """Takes what a run has; the last of it is an item."""
    run = live[place]
    try:
        while given := run.receive():
            if isinstance(given, ChatResponse):
                items[place] = BatchItem(given)
                break
        else:
            return
    except GraphBitError as error:
        items[place] = BatchItem(error=error)
    del live[place]
    run.close()


def _check(max_concurrency: int) -> None:
    if max_concurrency < 1:
        raise ValidationError(
            f"max_concurrency is {max_concurrency}; it must be at least 1", field="max_concurrency"
        )
