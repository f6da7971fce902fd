"""Haystack: a ``Pipeline`` of components, called with ``run``; the siblings with ``run_async``.

``run`` calls one component after another and was the faster way for no-ops; ``run_async`` lets branches
overlap. There is no map: a list is one value, or there is a run per item, and that is measured. Types are
checked when components are connected, so building includes the check. Telemetry is off; tracing and logging
are at their defaults (off, and warnings).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from engine_protocol import Lag, serve
from haystack import Pipeline, component


@component
class Noop:
    """Passes on what it got."""

    @component.output_types(value=int)
    def run(self, value: int) -> dict[str, int]:
        return {"value": value}


@component
class Call:
    """Calls a function, and passes on what it got; in ``run_async``, in a thread."""

    def __init__(self, function: Callable[[], object]) -> None:
        self.function = function

    @component.output_types(value=int)
    def run(self, value: int) -> dict[str, int]:
        self.function()
        return {"value": value}


@component
class Sleep:
    """Sleeps on the event loop."""

    @component.output_types(value=int)
    def run(self, value: int) -> dict[str, int]:
        raise NotImplementedError("only run_async is measured")

    @component.output_types(value=int)
    async def run_async(self, value: int) -> dict[str, int]:
        await asyncio.sleep(1)
        return {"value": value}


def chain(size: int) -> Callable[[], object]:
    pipeline = Pipeline()
    for i in range(size):
        pipeline.add_component(f"n{i}", Noop())
    for i in range(size - 1):
        pipeline.connect(f"n{i}.value", f"n{i + 1}.value")
    return lambda: pipeline.run({"n0": {"value": 1}})


def spread(size: int) -> Pipeline:
    pipeline = Pipeline()
    pipeline.add_component("root", Noop())
    for i in range(size):
        pipeline.add_component(f"n{i}", Noop())
        pipeline.connect("root.value", f"n{i}.value")
    return pipeline


def fan_out(size: int) -> Callable[[], object]:
    pipeline = spread(size)
    return lambda: pipeline.run({"root": {"value": 1}})


def map_items(size: int) -> Callable[[], object]:
    pipeline = Pipeline()
    pipeline.add_component("body", Noop())
    items = list(range(size))

    def once() -> None:
        assert [pipeline.run({"body": {"value": item}})["body"]["value"] for item in items] == items

    return once


def build(size: int) -> Callable[[], object]:
    return lambda: spread(size)


def siblings(slow: object) -> Callable[[], object]:
    lag = Lag()
    pipeline = Pipeline()
    for name, instance in {
        "root": Call(lag.root),
        "slow": slow,
        "fast": Noop(),
        "child": Call(lag.child),
    }.items():
        pipeline.add_component(name, instance)
    for source, target in (("root", "slow"), ("root", "fast"), ("fast", "child")):
        pipeline.connect(f"{source}.value", f"{target}.value")

    async def once() -> float:
        await pipeline.run_async({"root": {"value": 1}})
        return lag.seconds

    return once


def blocking_sibling(_: int) -> Callable[[], object]:
    return siblings(Call(lambda: time.sleep(1)))


def sleeping_sibling(_: int) -> Callable[[], object]:
    return siblings(Sleep())


if __name__ == "__main__":
    serve(
        chain=chain,
        fan_out=fan_out,
        map_items=map_items,
        build=build,
        blocking_sibling=blocking_sibling,
        sleeping_sibling=sleeping_sibling,
    )
