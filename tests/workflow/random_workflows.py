"""Random workflows that give the same whenever their nodes end, and what can be compared of their runs."""

from __future__ import annotations

import asyncio
import random
import time
import zlib
from collections import Counter

from graphbit_core import Node, Workflow

VARIABLES = {
    "list": "append",
    "total": "sum",
    "latest": "last",
    "most": "max",
    "table": "merge",
    "text": {"reducer": lambda value, written: f"{value}{written},", "initial": ""},
}
FIRST = random.Random(0)
QUICK = {"base": 0.0005, "cap": 0.001}


class Timing:
    """How long bodies take; changed between the runs of one workflow."""

    def __init__(self) -> None:
        self.draw = FIRST.random

    def seconds(self) -> float:
        return 0.002 * self.draw() if self.draw() < 0.5 else 0.0


class Builder:
    """Builds a workflow from a seed."""

    def __init__(self, seed: int, timing: Timing) -> None:
        self.random = random.Random(seed)
        self.timing = timing
        self.count = 0

    def workflow(self, depth: int = 0) -> Workflow:
        workflow = Workflow(f"w{self.count}", variables=VARIABLES if depth == 0 else None)
        names: list[str] = []
        for _ in range(self.random.randint(2, 7 if depth == 0 else 3)):
            self.count += 1
            names.append(name := f"n{self.count}")
            before = [each for each in names[:-1] if self.random.random() < 0.5] or names[-2:-1]
            workflow.add_node(self.node(name, len(before), depth))
            for source in before:
                self.connect(workflow, source, name)
        self.finish(workflow)
        return workflow

    def node(self, name, before, depth):
        kind = self.random.choice(["plain"] * 5 + ["condition", "map", "loop", "subworkflow"])
        options = self.options(before)
        if kind == "condition":
            return Node.condition(name, lambda context: name_of_choice(context, name), inline=True)
        if kind == "plain" or depth == 2:
            return Node.transform(name, self.body(name), **options)
        body = self.workflow(depth + 1)
        if kind == "map":
            most, collect = self.random.choice([(None, "collect"), (2, "collect"), (1, "fail")])
            items = list(range(self.random.randint(0, 4)))
            return Node.map(name, body, over=items, max_concurrency=most, on_item_error=collect, **options)
        if kind == "loop":
            until = f"iteration >= {self.random.randint(1, 3)}"
            return Node.loop(name, body, until=until, max_iterations=3, initial=1, **options)
        return Node.subworkflow(name, body, **options)

    def options(self, before: int) -> dict[str, object]:
        options: dict[str, object] = {}
        policy = self.random.choice(["fail", "fail", "skip", "route", {"value": "stand-in"}])
        if policy != "fail":
            options["on_error"] = policy
        if before > 1:
            options["join"] = self.random.choice(["all", "all", "all_settled", {"tolerate": 1}])
            if self.random.random() < 0.3:
                options["ports"] = {"in": "collect"}
        if self.random.random() < 0.3:
            options["retry"] = {"max_attempts": 2, **QUICK}
        return options

    def body(self, name: str):
        fails = self.random.choice([0, 0, 0, 0, 1, 99])
        writes = self.random.sample(sorted(VARIABLES), self.random.randint(0, 2))

        def result(context):
            seen = describe(
                (dict(context.parents), value_of(context), dict(context.given), dict(context.inputs))
            )
            number = zlib.crc32(repr((name, seen)).encode())
            for variable in writes:
                value = {str(number % 3): number} if variable == "table" else number
                context.set_variable(variable, value)
            if context.attempt <= fails:
                raise OSError(f"{name} at attempt {context.attempt}")
            return number

        async def on_loop(context):
            await asyncio.sleep(self.timing.seconds())
            return result(context)

        def on_thread(context):
            time.sleep(self.timing.seconds())
            return result(context)

        return on_loop if self.random.random() < 0.7 else on_thread

    def connect(self, workflow: Workflow, source: str, target: str) -> None:
        kind = "control" if self.random.random() < 0.15 else "data"
        workflow.connect(source, target, kind=kind)

    def finish(self, workflow: Workflow) -> None:
        """Gives nodes that route their errors an edge for them, and conditions something to choose."""
        for node in list(workflow.nodes.values()):
            targets = [edge.target for edge in workflow.edges if edge.source == node.id]
            if node.options.on_error[0] == "route" or (node.type == "condition" and len(targets) < 2):
                self.count += 1
                other = Node.transform(f"n{self.count}", self.body(f"n{self.count}"))
                workflow.add_node(other)
                workflow.connect(node, other, kind="data" if node.type == "condition" else "error")


def name_of_choice(context, name):
    """One or several of the nodes behind a condition, by what came in."""
    frame, number = context.frame, zlib.crc32(repr(describe(dict(context.parents))).encode())
    targets = [frame.scope.ids[edge.target] for edge in frame.scope.edges if edge.source == context.node]
    chosen = targets[number % len(targets)]
    return [chosen] if number % 3 else sorted(set(targets))[:2]


def value_of(context):
    return context.value if context.has_value else None


def describe(value):
    """A value without what differs between runs: ids of runs, and identities of errors."""
    if isinstance(value, dict):
        return {str(key): describe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [describe(item) for item in value]
    return f"{type(value).__name__}: {value}" if isinstance(value, Exception) else value


def outcome(result):
    """All that a run gives and that must not depend on timing."""

    def told(errors):
        return Counter((str(error), error.activation.partition("/")[2], error.attempts) for error in errors)

    return {
        "state": result.state,
        "nodes": [(node.id, node.state, node.reason, node.attempts) for node in result.nodes],
        "outputs": describe(dict(result.outputs)),
        "variables": describe(dict(result.variables)),
        "errors": told(result.errors),
        "handled": told(result.handled),
    }
