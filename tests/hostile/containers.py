"""More small graphs: containers, and nodes of other types beside the one that a test may break."""

from __future__ import annotations

from typing import Any

from graphbit_core import Lifecycle, Node, Workflow, tool

from .causes import MakeNode
from .shapes import FED, chain, graph, shape, start, use


@shape("end(['good', 'good'])")
def map_body(p: MakeNode) -> Workflow:
    return chain(start(), Node.map("each", p("p")), use("end"))


@shape("end(['x(good)', 'x(good)'])")
def map_chain_body(p: MakeNode) -> Workflow:
    return chain(start(), Node.map("each", chain(p("p"), use("x"))), use("end"))


@shape("end(['good', 'good'])", degraded="end(['error of p', 'error of p'])", around=True)
def map_collects(p: MakeNode) -> Workflow:
    return chain(start(), Node.map("each", p("p"), on_item_error="collect"), use("end"))


@shape("end([['good', 'good'], ['good', 'good']])")
def map_in_map(p: MakeNode) -> Workflow:
    inner = Node.map("inner", p("p"), over=[1, 2])
    return chain(start(), Node.map("outer", inner, max_concurrency=1), use("end"))


@shape("end(['good', 'good'])")
def map_of_a_stream(p: MakeNode) -> Workflow:
    stream = Node.transform("stream", lambda: (n for n in (1, 2)), inline=True)
    return chain(stream, Node.map("each", p("p")), use("end"))


@shape("end(['x(1)'])")
def map_after(p: MakeNode) -> Workflow:
    return chain(p("p"), Node.map("each", use("x"), over=[1]), use("end"))


@shape("end(good)")
def loop_body(p: MakeNode) -> Workflow:
    return chain(start(), Node.loop("again", p("p"), until="iteration == 2", max_iterations=3), use("end"))


@shape("good")
def loop_exhausted(p: MakeNode) -> Workflow:
    again = Node.loop("again", use("x"), until="false", max_iterations=2, initial=1, on_exhausted="route")
    workflow = graph(again, p("p"), use("done"), edges="again>done")
    workflow.connect("again", "p", when="exhausted")
    return workflow


@shape("end(good)")
def subworkflow(p: MakeNode) -> Workflow:
    return chain(start(), Node.subworkflow("sub", p("p")), use("end"))


@shape("end(good)", degraded="end(0)", around=True)
def subworkflow_with_a_value(p: MakeNode) -> Workflow:
    return chain(start(), Node.subworkflow("sub", p("p"), on_error={"value": 0}), use("end"))


@shape("end(a(x(good)))", degraded="end(mend(error of sub))", around=True)
def subworkflow_with_an_error_edge(p: MakeNode) -> Workflow:
    sub = Node.subworkflow("sub", chain(p("p"), use("x")), on_error="route")
    workflow = graph(sub, use("a"), use("mend"), use("end"), edges="sub>a a>end mend>end")
    workflow.connect("sub", "mend", kind="error")
    return workflow


@shape("end(good)")
def subworkflow_with_a_timeout(p: MakeNode) -> Workflow:
    return chain(start(), Node.subworkflow("sub", p("p"), timeout=20), use("end"))


def _deep(p: MakeNode, **options: Any) -> Workflow:
    each = Node.map("each", p("p"), over=[1], **options)
    again = Node.loop("again", each, until="iteration == 2", max_iterations=2, initial=0)
    return chain(Node.subworkflow("sub", again), use("end"))


@shape("end(['good'])")
def three_deep(p: MakeNode) -> Workflow:
    return _deep(p)


@shape("end(['good'])", degraded="end(['error of p'])", around=True)
def three_deep_that_collects(p: MakeNode) -> Workflow:
    return _deep(p, on_item_error="collect")


# --- nodes of other types after the one that breaks ----------------------------------------------


@tool
def shout(text: str) -> str:
    """Says it louder."""
    FED.append(text)
    return text.upper()


@shape("GOOD")
def tool_after(p: MakeNode) -> Workflow:
    return chain(p("p"), Node.tool("shout", shout, {"text": "{p}"}))


@shape("said good again")
def agent_after(p: MakeNode) -> Workflow:
    return chain(p("p"), Node.agent("agent", "{p} again", llm="echo:m"))


class Wrap(Lifecycle):
    """Puts brackets around what the shared variable holds."""

    def prep(self, shared: Any) -> Any:
        FED.append(shared["made"])
        return shared["made"]

    def exec(self, prepared: Any) -> Any:
        return f"[{prepared}]"


@shape("[good]")
def lifecycle_after(p: MakeNode) -> Workflow:
    return chain(p("p", writes="made"), Node.lifecycle("wrap", Wrap))


@shape("end(good)")
def delay_after(p: MakeNode) -> Workflow:
    return chain(p("p"), Node.delay("pause", 0.001), use("end"))


@shape("<good>")
def template_after(p: MakeNode) -> Workflow:
    return chain(p("p"), Node.transform("end", template="<{p}>"))


@shape("end(good)", degraded="end(0)")
def delay_after_a_value(p: MakeNode) -> Workflow:
    return chain(p("p", on_error={"value": 0}), Node.delay("pause", 0.001), use("end"))
