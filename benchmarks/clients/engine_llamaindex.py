"""LlamaIndex workflows: coroutine steps joined by events; fan-out and map return a list and collect one.

A fan-out is one step that gets an event per node: 500 steps of their own, for one event, took four times as
long. A step has the default of 4 workers; 32 were slower. The time limit is off; validation is on, and done
once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from engine_protocol import Lag, serve
from workflows import Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Item(Event):
    """Work for a step."""

    item: int


class Done(Event):
    """What a step made of it."""

    item: int


class Fast(Event):
    """The fast branch is done."""


def run(workflow: Workflow) -> Callable[[], object]:
    async def once() -> object:
        return await workflow.run()

    return once


def chain(size: int) -> Callable[[], object]:
    class Chain(Workflow):
        """Steps are added below."""

    events = [StartEvent, *(type(f"Event{i}", (Event,), {}) for i in range(size - 1)), StopEvent]
    for i in range(size):
        step(workflow=Chain)(link(f"n{i}", events[i], events[i + 1]))
    return run(Chain(timeout=None))


def link(name: str, accepted: type, returned: type) -> Callable[..., object]:
    """A no-op step; which events it joins stands in its annotations."""

    async def noop(event: Event) -> Event:
        return returned()

    noop.__name__ = noop.__qualname__ = name
    noop.__annotations__ = {"event": accepted, "return": returned}
    return noop


def fan_out(size: int) -> Callable[[], object]:
    return map_items(size)


def map_items(size: int) -> Callable[[], object]:
    items = list(range(size))

    class Map(Workflow):
        """One event per item."""

        @step
        async def spread(self, event: StartEvent) -> list[Item]:
            return [Item(item=item) for item in items]

        @step
        async def body(self, event: Item) -> Done:
            return Done(item=event.item)

        @step
        async def join(self, events: list[Done]) -> StopEvent:
            return StopEvent(result=[event.item for event in events])

    work = run(Map(timeout=None))

    async def once() -> None:
        assert sorted(await work()) == items

    return once


def build(size: int) -> Callable[[], object]:
    def once() -> object:
        class Spread(Workflow):
            """Steps are added below."""

            @step
            async def root(self, event: StartEvent) -> list[Item]:
                return [Item(item=1)]

            @step
            async def join(self, events: list[Done]) -> StopEvent:
                return StopEvent(result=None)

        for i in range(size):
            step(workflow=Spread)(link(f"n{i}", Item, Done))
        return Spread(timeout=None).validate()

    return once


def siblings(slow: Callable[..., object]) -> Callable[[], object]:
    lag = Lag()

    class Siblings(Workflow):
        """``slow`` is added below."""

        @step
        async def root(self, event: StartEvent) -> Item:
            lag.root()
            return Item(item=1)

        @step
        async def fast(self, event: Item) -> Fast:
            return Fast()

        @step
        async def child(self, event: Fast) -> None:
            lag.child()

    step(workflow=Siblings)(slow)
    work = run(Siblings(timeout=None, skip_graph_checks={"dead_end"}))

    async def once() -> float:
        await work()
        return lag.seconds

    return once


def blocking_sibling(_: int) -> Callable[[], object]:
    def slow(event: Item) -> StopEvent:
        time.sleep(1)
        return StopEvent()

    slow.__qualname__ = "slow"
    return siblings(slow)


def sleeping_sibling(_: int) -> Callable[[], object]:
    async def slow(event: Item) -> StopEvent:
        await asyncio.sleep(1)
        return StopEvent()

    slow.__qualname__ = "slow"
    return siblings(slow)


if __name__ == "__main__":
    serve(
        chain=chain,
        fan_out=fan_out,
        map_items=map_items,
        build=build,
        blocking_sibling=blocking_sibling,
        sleeping_sibling=sleeping_sibling,
    )
