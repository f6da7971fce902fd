"""What a node costs: no-op bodies, so that everything measured is the engine's."""

from __future__ import annotations

from measure import median

from graphbit_core import Executor, Node, Workflow


def noop(_: object = None) -> None:
    """Does nothing, at once."""


async def noop_coroutine(_: object = None) -> None:
    """Does nothing, on the event loop."""


BODIES = {
    "inline": {"function": noop, "inline": True},
    "coroutine": {"function": noop_coroutine},
    "thread": {"function": noop},
}


def chain(length: int, body: dict) -> Workflow:
    """``length`` nodes, one after another."""
    return Workflow("chain").chain(*(Node("transform", f"n{i}", **body) for i in range(length)))


def fan_out(width: int, body: dict) -> Workflow:
    """One node and ``width`` successors."""
    workflow = Workflow("fan-out")
    workflow.add_node(Node("transform", "root", **body))
    for i in range(width):
        workflow.add_node(Node("transform", f"n{i}", **body))
        workflow.connect("root", f"n{i}")
    return workflow


def main() -> list[tuple[str, str]]:
    """Rows of the table."""
    rows = []
    executor = Executor(timeout_seconds=None)
    for name, body in BODIES.items():
        for title, workflow, nodes in (
            ("chain of 100", chain(100, body), 100),
            ("fan-out of 1,000", fan_out(1000, body), 1001),
        ):
            result = median(lambda workflow=workflow: executor.execute(workflow).raise_for_failure())
            rows.append((f"{title}, {name}", f"{result.wall / nodes * 1e6:.1f} µs wall per node"))
    build = median(lambda: fan_out(1000, BODIES["inline"]))
    rows.append(("build 1,000 nodes", f"{build.wall * 1e3:.1f} ms"))
    workflow = fan_out(1000, BODIES["inline"])
    rows.append(("validate and compile 1,000 nodes", f"{median(workflow.validate).wall * 1e3:.1f} ms"))
    return rows


if __name__ == "__main__":
    for row in main():
        print(": ".join(row))
