"""pydantic-graph: ``GraphBuilder`` with steps, which are coroutine functions; fan-out and map end in a join.

Every graph has to reach its end node, so a join is demanded. Spans go nowhere: Logfire is not installed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from engine_protocol import Lag, serve
from pydantic_graph import Graph, GraphBuilder, StepContext, reduce_list_append, reduce_null


async def noop(_: StepContext) -> int:
    return 1


async def same(context: StepContext[None, None, int]) -> int:
    return context.inputs


def chain(size: int) -> Callable[[], object]:
    builder = GraphBuilder(output_type=int)
    before = builder.start_node
    for i in range(size):
        step = builder.step(noop, node_id=f"n{i}")
        builder.add_edge(before, step)
        before = step
    builder.add_edge(before, builder.end_node)
    return builder.build().run


def spread(size: int) -> Graph:
    builder = GraphBuilder(output_type=type(None))
    root = builder.step(noop, node_id="root")
    steps = [builder.step(noop, node_id=f"n{i}") for i in range(size)]
    join = builder.join(reduce_null, initial=None)
    builder.add(
        builder.edge_from(builder.start_node).to(root),
        builder.edge_from(root).to(*steps),
        builder.edge_from(*steps).to(join),
        builder.edge_from(join).to(builder.end_node),
    )
    return builder.build()


def fan_out(size: int) -> Callable[[], object]:
    return spread(size).run


def map_items(size: int) -> Callable[[], object]:
    builder = GraphBuilder(input_type=list[int], output_type=list[int])
    body = builder.step(same, node_id="body")
    join = builder.join(reduce_list_append, initial_factory=list[int])
    builder.add(
        builder.edge_from(builder.start_node).map().to(body),
        builder.edge_from(body).to(join),
        builder.edge_from(join).to(builder.end_node),
    )
    graph = builder.build()
    items = list(range(size))

    async def once() -> None:
        assert sorted(await graph.run(inputs=items)) == items

    return once


def build(size: int) -> Callable[[], object]:
    return lambda: spread(size)


def siblings(body: Callable[[StepContext], Awaitable[int]]) -> Callable[[], object]:
    lag = Lag()
    builder = GraphBuilder(output_type=type(None))

    @builder.step
    async def root(_: StepContext) -> int:
        lag.root()
        return 1

    @builder.step
    async def child(_: StepContext) -> int:
        lag.child()
        return 1

    slow, fast = builder.step(body, node_id="slow"), builder.step(noop, node_id="fast")
    join = builder.join(reduce_null, initial=None)
    builder.add(
        builder.edge_from(builder.start_node).to(root),
        builder.edge_from(root).to(slow, fast),
        builder.edge_from(fast).to(child),
        builder.edge_from(slow, child).to(join),
        builder.edge_from(join).to(builder.end_node),
    )
    graph = builder.build()

    async def once() -> float:
        await graph.run()
        return lag.seconds

    return once


def blocking_sibling(_: int) -> Callable[[], object]:
    async def slow(_: StepContext) -> int:
        time.sleep(1)  # a step is a coroutine function, so this holds up the loop
        return 1

    return siblings(slow)


def sleeping_sibling(_: int) -> Callable[[], object]:
    async def slow(_: StepContext) -> int:
        await asyncio.sleep(1)
        return 1

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
