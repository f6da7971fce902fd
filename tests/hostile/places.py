"""Where a body that misbehaves may stand in a workflow, and in which of three ways it is called."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from graphbit_core import Node, Workflow

Body = Callable[..., Any]
Place = Callable[[Body, dict[str, Any]], Workflow]
"""Makes a workflow around a body; the settings of its node say how it is called."""


def plain(act: Callable[[], Any]) -> tuple[Body, dict[str, Any]]:
    """On a worker thread."""
    return lambda *_: act(), {}


def inline(act: Callable[[], Any]) -> tuple[Body, dict[str, Any]]:
    """In place, on the event loop."""
    return lambda *_: act(), {"inline": True}


def coroutine(act: Callable[[], Any]) -> tuple[Body, dict[str, Any]]:
    """As a task."""

    async def body(*_: Any) -> Any:
        await asyncio.sleep(0)
        return act()

    return body, {}


KINDS = {"plain": plain, "inline": inline, "coroutine": coroutine}


def _bad(body: Body, how: dict[str, Any], **options: Any) -> Node:
    return Node.transform("bad", body, **how, **options)


def _chain(*nodes: Node) -> Workflow:
    return Workflow("w").chain(*nodes)


def _good(name: str, **options: Any) -> Node:
    return Node.transform(name, lambda *_: [1, 2], inline=True, **options)


def _broken(name: str, **options: Any) -> Node:
    def body(*_: Any) -> None:
        raise LookupError("broken by purpose")

    return Node.transform(name, body, inline=True, **options)


def alone(body: Body, how: dict[str, Any]) -> Workflow:
    return _chain(_bad(body, how))


def before_another(body: Body, how: dict[str, Any]) -> Workflow:
    return _chain(_bad(body, how), Node.transform("after", lambda context: "ran", inline=True))


def map_item(body: Body, how: dict[str, Any]) -> Workflow:
    return _chain(Node.map("each", _bad(body, how), over=[1, 2], max_concurrency=2))


def loop_iteration(body: Body, how: dict[str, Any]) -> Workflow:
    return _chain(Node.loop("again", _bad(body, how), until="true", max_iterations=2, initial=0))


def subworkflow(body: Body, how: dict[str, Any]) -> Workflow:
    return _chain(Node.subworkflow("sub", _bad(body, how)))


def three_deep(body: Body, how: dict[str, Any]) -> Workflow:
    again = Node.loop("again", map_item(body, how), until="true", max_iterations=2, initial=0)
    return _chain(Node.subworkflow("sub", again))


def fallback(body: Body, how: dict[str, Any]) -> Workflow:
    workflow = Workflow("w")
    workflow.add_node(_broken("first", on_error={"fallback": "bad"}))
    workflow.add_node(_bad(body, how))
    return workflow


def retried(body: Body, how: dict[str, Any]) -> Workflow:
    return _chain(_bad(body, how, retry={"max_attempts": 2, "base": 0.001}))


def timed(body: Body, how: dict[str, Any]) -> Workflow:
    return _chain(_bad(body, how, timeout=10, deadline=20))


RUNS: dict[str, Place] = {
    place.__name__: place
    for place in (
        alone, before_another, map_item, loop_iteration, subworkflow, three_deep, fallback, retried, timed,
    )
}  # fmt: skip
"""Where it is the body of a node: its output is the node's."""


def compensation(body: Body, _: dict[str, Any]) -> Workflow:
    return _chain(_good("done", compensate=body), _broken("end"))


def condition(body: Body, how: dict[str, Any]) -> Workflow:
    return _chain(Node.condition("choose", body, **how), _good("after"))


def until(body: Body, _: dict[str, Any]) -> Workflow:
    return _chain(Node("loop", "again", body=_good("x"), until=body, max_iterations=2, initial=1))


def edge_test(body: Body, _: dict[str, Any]) -> Workflow:
    workflow = Workflow("w")
    workflow.add_node(_good("before"))
    workflow.add_node(_good("after"))
    workflow.connect("before", "after", when=body)
    return workflow


def reducer(body: Body, _: dict[str, Any]) -> Workflow:
    workflow = Workflow("w", variables={"sum": body})
    workflow.add_node(_good("one", writes="sum"))
    workflow.add_node(_good("two", writes="sum"))
    return workflow


def source(body: Body, _: dict[str, Any]) -> Workflow:
    return _chain(Node("map", "each", body=_good("x"), over=body))


def stream(body: Body, _: dict[str, Any]) -> Workflow:
    def entries() -> Iterator[Any]:
        yield 1
        yield body()

    async def later() -> AsyncIterator[Any]:
        yield 1
        yield await body()

    make = later if inspect.iscoroutinefunction(body) else entries
    return _chain(Node.transform("entries", lambda: make(), inline=True), Node.map("each", _good("x")))


CALLS: dict[str, Place] = {
    place.__name__: place for place in (compensation, condition, until, edge_test, reducer, source, stream)
}
"""Where something else than a node calls it."""
