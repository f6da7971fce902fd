"""LangGraph: a compiled ``StateGraph`` of plain functions, called with ``invoke``; the map uses ``Send``.

In a chain ``invoke`` took half as long as ``ainvoke`` with coroutine functions; in a fan-out and a map there
was no difference, and the functional API was slower. No checkpointer, no tracing.
"""

from __future__ import annotations

import asyncio
import operator
import time
from collections.abc import Callable
from typing import Annotated, Any, TypedDict

from engine_protocol import Lag, serve
from langgraph.graph import START, StateGraph
from langgraph.types import Send


class State(TypedDict):
    """What the nodes share; none of them changes it."""

    value: int


class Items(TypedDict):
    """The state of the map: what goes in, and what was collected."""

    items: list[int]
    results: Annotated[list[int], operator.add]


def noop(_: State) -> dict[str, Any]:
    return {}


def run(builder: StateGraph, steps: int = 25) -> Callable[[], object]:
    graph = builder.compile()
    return lambda: graph.invoke({"value": 1}, {"recursion_limit": steps})


def chain(size: int) -> Callable[[], object]:
    builder = StateGraph(State)
    builder.add_sequence([(f"n{i}", noop) for i in range(size)])
    builder.add_edge(START, "n0")
    return run(builder, size + 1)


def spread(size: int) -> StateGraph:
    builder = StateGraph(State)
    builder.add_node("root", noop)
    builder.add_edge(START, "root")
    for i in range(size):
        builder.add_node(f"n{i}", noop)
        builder.add_edge("root", f"n{i}")
    return builder


def fan_out(size: int) -> Callable[[], object]:
    return run(spread(size))


def map_items(size: int) -> Callable[[], object]:
    builder = StateGraph(Items)
    builder.add_node("body", lambda item: {"results": [item]})
    builder.add_conditional_edges(
        START, lambda state: [Send("body", item) for item in state["items"]], ["body"]
    )
    graph = builder.compile()
    items = list(range(size))

    def once() -> None:
        assert graph.invoke({"items": items, "results": []})["results"] == items

    return once


def build(size: int) -> Callable[[], object]:
    return lambda: spread(size).compile()


def siblings(slow: Callable[[State], object]) -> tuple[Any, Lag]:
    lag = Lag()

    def root(_: State) -> dict[str, Any]:
        lag.root()
        return {}

    def child(_: State) -> dict[str, Any]:
        lag.child()
        return {}

    builder = StateGraph(State)
    for name, body in {"root": root, "slow": slow, "fast": noop, "child": child}.items():
        builder.add_node(name, body)
    for source, target in ((START, "root"), ("root", "slow"), ("root", "fast"), ("fast", "child")):
        builder.add_edge(source, target)
    return builder.compile(), lag


def blocking_sibling(_: int) -> Callable[[], object]:
    def slow(_: State) -> dict[str, Any]:
        time.sleep(1)
        return {}

    graph, lag = siblings(slow)

    def once() -> float:
        graph.invoke({"value": 1})
        return lag.seconds

    return once


def sleeping_sibling(_: int) -> Callable[[], object]:
    async def slow(_: State) -> dict[str, Any]:
        await asyncio.sleep(1)
        return {}

    graph, lag = siblings(slow)

    async def once() -> float:
        await graph.ainvoke({"value": 1})
        return lag.seconds

    return once


if __name__ == "__main__":
    serve(
        chain=chain,
        fan_out=fan_out,
        map_items=map_items,
        build=build,
        blocking_sibling=blocking_sibling,
        sleeping_sibling=sleeping_sibling,
    )
