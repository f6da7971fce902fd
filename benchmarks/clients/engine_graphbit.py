"""Our engine, with coroutine bodies; the blocking sibling is a plain function."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from engine_protocol import Lag, serve

from graphbit_core import Executor, Node, Workflow

EXECUTOR = Executor(timeout_seconds=None)


async def noop(_: object = None) -> None:
    """Does nothing, on the event loop."""


async def same(item: int) -> int:
    """The body of the map."""
    return item


def run(workflow: Workflow, **inputs: object) -> Callable[[], Awaitable[object]]:
    """The work: one run, which succeeds."""

    async def once() -> object:
        return (await EXECUTOR.run_async(workflow, inputs)).raise_for_failure()

    return once


def chain(size: int) -> Callable[[], object]:
    return run(Workflow("chain").chain(*(Node.transform(f"n{i}", noop) for i in range(size))))


def spread(size: int) -> Workflow:
    workflow = Workflow("fan-out")
    workflow.add_node(Node.transform("root", noop))
    for i in range(size):
        workflow.add_node(Node.transform(f"n{i}", noop))
        workflow.connect("root", f"n{i}")
    return workflow


def fan_out(size: int) -> Callable[[], object]:
    return run(spread(size))


def map_items(size: int) -> Callable[[], object]:
    workflow = Workflow("map")
    workflow.add_node(Node.map("each", Node.transform("body", same), over="items"))
    items = list(range(size))

    async def once() -> None:
        result = await EXECUTOR.run_async(workflow, {"items": items})
        assert result.raise_for_failure().get_node_output("each") == items

    return once


def build(size: int) -> Callable[[], object]:
    return lambda: spread(size).compile()


def siblings(slow: Callable[..., object]) -> Callable[[], object]:
    lag = Lag()

    async def root() -> None:
        lag.root()

    async def child(_: object) -> None:
        lag.child()

    workflow = Workflow("siblings")
    for name, body in {"root": root, "slow": slow, "fast": noop, "child": child}.items():
        workflow.add_node(Node.transform(name, body))
    for source, target in (("root", "slow"), ("root", "fast"), ("fast", "child")):
        workflow.connect(source, target)
    work = run(workflow)

    async def once() -> float:
        await work()
        return lag.seconds

    return once


def blocking_sibling(_: int) -> Callable[[], object]:
    return siblings(lambda _: time.sleep(1))


def sleeping_sibling(_: int) -> Callable[[], object]:
    async def slow(_: object) -> None:
        await asyncio.sleep(1)

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
