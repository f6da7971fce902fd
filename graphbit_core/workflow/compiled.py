"""A workflow that is ready to run: its scopes with the node types made, beside the kernel's plan."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from graphbit_core.contracts.node_type import Container, NodeType
from graphbit_core.kernel import Plan
from graphbit_core.workflow.calculation import EdgeCondition
from graphbit_core.workflow.functions import BoundFunction
from graphbit_core.workflow.node import Node
from graphbit_core.workflow.variables import Variable


class CompiledEdge(NamedTuple):
    """An edge between nodes of one scope, by index."""

    source: int
    target: int
    kind: str
    label: str | None
    test: EdgeCondition | None
    """Whether it goes live, of its source's output."""
    output: tuple[str, ...]
    """Path to the part of the source's output that it carries; empty: all of it."""
    port: str
    """Input port of the target; empty: the default one."""


@dataclass(frozen=True, eq=False)
class Scope:
    """The nodes of one workflow: the one that runs, or the body of a container."""

    number: int
    nodes: tuple[Node, ...]
    bodies: Sequence[NodeType]
    edges: Sequence[CompiledEdge]
    compensations: Mapping[int, BoundFunction]
    containers: Mapping[int, Container]
    """What nodes tell of the workflows that they run. Asked once, so it may be made anew each time."""
    outer: tuple[int, int] | None = None
    """Scope and node that hold this one; None for the workflow that runs."""
    container: Container | None = None
    """What that node tells of it."""

    @cached_property
    def ids(self) -> list[str]:
        """Node ids by index."""
        return [node.id for node in self.nodes]

    @cached_property
    def names(self) -> list[str]:
        """Node names by index."""
        return [node.name for node in self.nodes]

    @cached_property
    def index(self) -> dict[str, int]:
        """Index by id and by name; an id wins over another node's name."""
        return {node.name: i for i, node in enumerate(self.nodes)} | {
            node.id: i for i, node in enumerate(self.nodes)
        }

    @cached_property
    def fallbacks(self) -> dict[int, int]:
        """Index of the node that takes over, by that of the node it takes over for."""
        handled = ((i, *node.options.on_error) for i, node in enumerate(self.nodes))
        return {
            i: self.index[value] for i, kind, value in handled if kind == "fallback" and value in self.index
        }

    @cached_property
    def sinks(self) -> tuple[int, ...]:
        """Nodes whose output leads nowhere, and so is the workflow's."""
        left = {edge.source for edge in self.edges if edge.kind != "error"}
        stand_ins = set(self.fallbacks.values())
        return tuple(i for i in range(len(self.nodes)) if i not in left and i not in stand_ins)

    @cached_property
    def operations(self) -> frozenset[int]:
        """Nodes that the kernel runs by itself."""
        return frozenset(i for i, body in enumerate(self.bodies) if body.operation() is not None)

    def places(self, node: int) -> list[int]:
        """The nodes in whose place a body runs: its own, or those it takes over for."""
        protected = [each for each, stand_in in self.fallbacks.items() if stand_in == node]
        return [place for each in protected for place in self.places(each)] if protected else [node]

    @cached_property
    def on_loop(self) -> list[bool]:
        """Whether a node's body starts on the event loop; the others' run on a worker thread."""
        # Of the instance: what middleware puts around one may have its `run` nowhere else.
        runs = [getattr(body.run, "__func__", body.run) for body in self.bodies]
        coroutine = {run: inspect.iscoroutinefunction(run) for run in set(runs)}
        return [bool(body.inline or coroutine[run]) for body, run in zip(self.bodies, runs, strict=True)]

    @cached_property
    def selective(self) -> dict[int, list[tuple[int, CompiledEdge]]]:
        """Out-edges, with their positions, of nodes that have labelled or conditional ones."""
        leaving: dict[int, list[tuple[int, CompiledEdge]]] = {}
        for edge in self.edges:
            positions = leaving.setdefault(edge.source, [])
            positions.append((len(positions), edge))
        return {
            source: edges
            for source, edges in leaving.items()
            if any(edge.label is not None or edge.test is not None for _, edge in edges)
        }

    @cached_property
    def followers(self) -> frozenset[int]:
        """Nodes that some edge leads to."""
        return frozenset(edge.target for edge in self.edges)

    @cached_property
    def has_control(self) -> bool:
        """Whether some edge only orders."""
        return any(edge.kind == "control" for edge in self.edges)

    @cached_property
    def has_ports(self) -> frozenset[int]:
        """Nodes that edges reach at a named port."""
        return frozenset(edge.target for edge in self.edges if edge.port)

    @cached_property
    def collects(self) -> frozenset[int]:
        """Nodes whose default port gets a list."""
        ports = ((i, node.options.ports.get("in")) for i, node in enumerate(self.nodes))
        return frozenset(i for i, port in ports if port is not None and port.collect)

    @cached_property
    def writes(self) -> dict[int, str]:
        """The variable that a node's output is also written to."""
        written = ((i, node.options.writes) for i, node in enumerate(self.nodes))
        return {i: name for i, name in written if name is not None}

    @cached_property
    def joins_settled(self) -> frozenset[int]:
        """Nodes that join ``all_settled`` and so see what failed."""
        return frozenset(i for i, node in enumerate(self.nodes) if node.options.join == "all_settled")

    @cached_property
    def limited(self) -> frozenset[int]:
        """Nodes with a time limit of their own."""
        options = (node.options for node in self.nodes)
        return frozenset(i for i, o in enumerate(options) if o.timeout is not None or o.deadline is not None)


@dataclass(frozen=True, eq=False)
class Compiled:
    """A workflow ready to run, any number of times and from several threads at once."""

    name: str
    scopes: Sequence[Scope]
    plan: Plan
    inputs: Mapping[str, str]
    """Names that a run must be given, each with the path of the first node that uses it."""
    variables: Mapping[str, Variable]
    """Declared variables by name."""

    def __repr__(self) -> str:
        return f"Compiled({self.name!r}, {len(self.root.nodes)} nodes, inputs {list(self.inputs)})"

    @property
    def root(self) -> Scope:
        """The workflow itself."""
        return self.scopes[0]

    def ancestors(self, scope: int, node: int) -> Sequence[int]:
        """All nodes before one, in topological order; found once."""
        key = scope, node
        known = self._ancestors.get(key)
        if known is None:
            known = self._ancestors[key] = tuple(self.plan.ancestors(scope, node))
        return known

    @cached_property
    def _ancestors(self) -> dict[tuple[int, int], tuple[int, ...]]:
        return {}

    def order(self, scope: int) -> Sequence[int]:
        """Nodes of a scope in topological order."""
        return self.plan.order(scope)
