"""Small graphs with one node ``p`` that a test may break: what they give with it, and without it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphbit_core import Node, NodeError, Workflow

from .causes import MakeNode, good

Build = Callable[[MakeNode], Workflow]
NEVER = object()
"""Stands for the output of a graph that does not handle the failure."""
FED: list[Any] = []
"""What nodes after others were given; a test empties it first."""


@dataclass(frozen=True)
class Shape:
    """A graph, and what becomes of it.

    Attributes:
        build: Makes it, with a maker of ``p``.
        expected: Its output if nothing breaks.
        degraded: Its output if ``p`` breaks; NEVER if that fails the run.
        around: Whether a container around ``p`` takes its failure, and so its cancellation too.
        settings: Of the executor.
        healthy: State of a run in which nothing breaks.
    """

    build: Build
    expected: Any
    degraded: Any = NEVER
    around: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    healthy: str = "succeeded"


SHAPES: dict[str, Shape] = {}


def shape(expected: Any, **about: Any) -> Callable[[Build], Build]:
    def register(build: Build) -> Build:
        SHAPES[build.__name__] = Shape(build, expected, **about)
        return build

    return register


def use(name: str, **options: Any) -> Node:
    """A node that depends on others; it shows what it got, and never gets what is missing."""

    def body(context: Any) -> str:
        FED.append(context.value)
        FED.extend(context.parents.values())
        return f"{name}({plain(context.value)})"

    return Node.transform(name, body, inline=True, **options)


def plain(value: Any) -> Any:
    """A value as it can be written down as expected: errors by the id of their node."""
    if isinstance(value, NodeError):
        return f"error of {value.node}"
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return value


def graph(*nodes: Node, edges: str) -> Workflow:
    """``edges`` reads ``a>b b>c``."""
    workflow = Workflow("graph")
    for node in nodes:
        workflow.add_node(node)
    for edge in edges.split():
        workflow.connect(*edge.split(">"))
    return workflow


def chain(*nodes: Node) -> Workflow:
    return Workflow("graph").chain(*nodes)


def items(*_: Any) -> list[int]:
    return [1, 2]


def start(name: str = "start") -> Node:
    return Node.transform(name, lambda: [1, 2], inline=True)


# --- chains, forks and joins ---------------------------------------------------------------------


@shape("good")
def alone(p: MakeNode) -> Workflow:
    return chain(p("p"))


@shape("b(a(good))")
def chain_first(p: MakeNode) -> Workflow:
    return chain(p("p"), use("a"), use("b"))


@shape("b(good)")
def chain_middle(p: MakeNode) -> Workflow:
    return chain(start(), p("p"), use("b"))


@shape("good")
def chain_last(p: MakeNode) -> Workflow:
    return chain(start(), use("a"), p("p"))


@shape("end({'l': 'l(good)', 'r': 'r(good)'})")
def diamond_top(p: MakeNode) -> Workflow:
    return graph(p("p"), use("l"), use("r"), use("end"), edges="p>l p>r l>end r>end")


@shape("end({'p': 'good', 'r': 'r([1, 2])'})")
def diamond_side(p: MakeNode) -> Workflow:
    return graph(start(), p("p"), use("r"), use("end"), edges="start>p start>r p>end r>end")


@shape("good")
def diamond_bottom(p: MakeNode) -> Workflow:
    return graph(start(), use("l"), use("r"), p("p"), edges="start>l start>r l>p r>p")


@shape({"a": "a(good)", "b": "b(good)", "c": "c(good)"})
def fan_out(p: MakeNode) -> Workflow:
    return graph(p("p"), use("a"), use("b"), use("c"), edges="p>a p>b p>c")


@shape("end({'a': 'good', 'p': 'good', 'b': 'good'})")
def fan_in(p: MakeNode) -> Workflow:
    return graph(good("a"), p("p"), good("b"), use("end"), edges="a>end p>end b>end")


@shape("end({'b': 'good', 'p': 'good'})")
def join_all(p: MakeNode) -> Workflow:
    return graph(good("b"), p("p"), use("end", join="all"), edges="b>end p>end")


def _late(name: str) -> Node:
    return Node.delay(name, 0.03)


@shape("end(good)", degraded="end(good)")
def join_first(p: MakeNode) -> Workflow:
    return graph(p("p"), _late("b"), good("c"), use("end", join="first"), edges="c>b p>end b>end")


@shape("end({'p': 'good', 'b': 'good'})", degraded="end({'b': 'good', 'c': 'good'})")
def join_quorum(p: MakeNode) -> Workflow:
    nodes = p("p"), good("b"), _late("c"), good("d"), use("end", join={"quorum": 2})
    return graph(*nodes, edges="d>c p>end b>end c>end")


@shape("end({'p': 'good', 'b': 'good'})")
def join_quorum_out_of_reach(p: MakeNode) -> Workflow:
    return graph(p("p"), good("b"), use("end", join={"quorum": 2}), edges="p>end b>end")


@shape("end({'p': 'good', 'b': 'good'})", degraded="end(good)")
def join_tolerate(p: MakeNode) -> Workflow:
    return graph(p("p"), good("b"), use("end", join={"tolerate": 1}), edges="p>end b>end")


@shape("end({'p': 'good', 'b': 'good'})")
def join_tolerate_none(p: MakeNode) -> Workflow:
    return graph(p("p"), good("b"), use("end", join={"tolerate": 0}), edges="p>end b>end")


@shape("end({'p': 'good', 'b': 'good'})", degraded="end({'b': 'good', 'p': 'error of p'})")
def join_all_settled(p: MakeNode) -> Workflow:
    return graph(p("p"), good("b"), use("end", join="all_settled"), edges="p>end b>end")


@shape("good\n\ngood")
def join_node(p: MakeNode) -> Workflow:
    return graph(p("p"), good("b"), Node.join("end", mode="concat"), edges="p>end b>end")


@shape("end({'p': 'good', 'b': 'b(2)'})")
def split_node(p: MakeNode) -> Workflow:
    workflow = graph(start(), Node.split("split"), p("p"), use("b"), use("end"), edges="start>split")
    workflow.connect("split", "p", output="0")
    workflow.connect("split", "b", output="1")
    workflow.connect("p", "end")
    workflow.connect("b", "end")
    return workflow


@shape("end({'b': 'good', 'left': ['good'], 'right': 'good'})")
def ports(p: MakeNode) -> Workflow:
    ports = {"left": "collect", "right": "required"}
    workflow = graph(p("p"), good("a"), good("b"), use("end", ports=ports), edges="b>end")
    workflow.connect("p", "end", port="left")
    workflow.connect("a", "end", port="right")
    return workflow


@shape("end({'b': 'good', 'x': 'good'})", degraded="end(good)")
def optional_port(p: MakeNode) -> Workflow:
    workflow = graph(p("p", on_error="skip"), good("b"), use("end", ports={"x": "optional"}), edges="b>end")
    workflow.connect("p", "end", port="x")
    return workflow


# --- branches ------------------------------------------------------------------------------------


@shape("end(good)")
def branch_taken(p: MakeNode) -> Workflow:
    choose = Node.condition("choose", lambda *_: "p", inline=True)
    return graph(choose, p("p"), use("other"), use("end"), edges="choose>p choose>other p>end other>end")


@shape("end(l(good))")
def branch_below(p: MakeNode) -> Workflow:
    choose = Node.condition("choose", lambda *_: "l", inline=True)
    nodes = p("p"), choose, use("l"), use("r"), use("end")
    return graph(*nodes, edges="p>choose choose>l choose>r l>end r>end")


@shape("end(good)")
def conditional_edge(p: MakeNode) -> Workflow:
    workflow = graph(start(), p("p"), use("end"), edges="p>end")
    workflow.connect("start", "p", when={"if": "value[0] == 1"})
    return workflow


@shape("end([1, 2])")
def control_edge(p: MakeNode) -> Workflow:
    workflow = graph(start(), p("p"), use("end"), edges="start>end")
    workflow.connect("p", "end", kind="control")
    return workflow


# --- policies ------------------------------------------------------------------------------------


@shape("a(good)", degraded="mend(error of p)")
def error_edge(p: MakeNode) -> Workflow:
    workflow = graph(p("p", on_error="route"), use("a"), use("mend"), edges="p>a")
    workflow.connect("p", "mend", kind="error")
    return workflow


@shape("end(a(good))", degraded="end(mend(error of p))")
def error_edge_and_join(p: MakeNode) -> Workflow:
    nodes = p("p", on_error="route"), use("a"), use("mend"), use("end")
    workflow = graph(*nodes, edges="p>a a>end mend>end")
    workflow.connect("p", "mend", kind="error")
    return workflow


@shape("end(good)", degraded="end(instead)")
def fallback(p: MakeNode) -> Workflow:
    other = Node.transform("other", lambda *_: "instead", inline=True)
    return graph(p("p", on_error={"fallback": "other"}), other, use("end"), edges="p>end")


@shape("end(good)", healthy="succeeded_degraded")
def failing_fallback(p: MakeNode) -> Workflow:
    def body(*_: Any) -> None:
        raise LookupError("the first one")

    first = Node.transform("first", body, inline=True, on_error={"fallback": "p"})
    if p("p").type == "subworkflow":  # which can stand in for nothing: it takes over along the error edge
        first = Node.transform("first", body, inline=True, on_error="route")
        workflow = graph(first, p("p"), use("end"), edges="p>end")
        workflow.connect("first", "p", kind="error")
        return workflow
    return graph(first, p("p"), use("end"), edges="first>end")


@shape("end(good)", degraded="end(0)")
def value(p: MakeNode) -> Workflow:
    return chain(p("p", on_error={"value": 0}), use("end"))


@shape("end({'b': 'good', 'c': 'c(good)'})", degraded="end(good)")
def skip(p: MakeNode) -> Workflow:
    return graph(p("p", on_error="skip"), good("b"), use("c"), use("end"), edges="b>end p>c c>end")


@shape("end(good)")
def retry(p: MakeNode) -> Workflow:
    return chain(p("p", retry={"max_attempts": 3, "base": 0.001}), use("end"))


@shape("end(good)", degraded="end(0)")
def retry_then_value(p: MakeNode) -> Workflow:
    return chain(p("p", retry={"max_attempts": 2, "base": 0.001}, on_error={"value": 0}), use("end"))


@shape({"end": "end(good)", "b": "b([1, 2])"}, settings={"on_error": "continue"})
def run_continues(p: MakeNode) -> Workflow:
    return graph(start(), p("p"), use("end"), use("b"), edges="start>p p>end start>b")


@shape("end(good)", settings={"on_error": "drain"})
def run_drains(p: MakeNode) -> Workflow:
    return chain(p("p", deadline=20), _late("b"), use("end"))


@shape("end(good)")
def compensated(p: MakeNode) -> Workflow:
    first = Node.transform("first", lambda: 1, inline=True, compensate=lambda made: None)
    return chain(first, p("p", compensate=lambda made: None), use("end"))
