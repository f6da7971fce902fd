"""From a workflow to something that can run: node types made, faults found, the kernel's plan built."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from graphbit_core.contracts.node_type import NodeType
from graphbit_core.errors import Finding, PluginError, ValidationError
from graphbit_core.host import Host, default_host
from graphbit_core.host.faults import divided
from graphbit_core.kernel import Plan, check_graph

if TYPE_CHECKING:
    from graphbit_core.kernel import PlanEdge, PlanNode
    from graphbit_core.workflow.node import Node
    from graphbit_core.workflow.workflow import Workflow

_FIXES = {
    "cycle": "remove one of these edges; repetition needs a loop node, not a back edge",
    "duplicate_id": "give one of them another id",
    "duplicate_edge": "connect them once",
    "self_edge": "a node cannot follow itself; remove the edge",
    "disconnected": "connect it, or take it out",
    "unknown_node": "connect nodes that were added",
    "invalid_delay": "give a finite number of seconds, 0 or more",
}


@dataclass(frozen=True)
class Compiled:
    """A workflow ready to run, any number of times and from several threads at once."""

    name: str
    nodes: tuple[Node, ...]
    """As they were then: what is added to the workflow later is not part of it."""
    sinks: tuple[int, ...]
    """Nodes that no edge leaves."""
    plan: Plan
    bodies: list[NodeType]
    inputs: tuple[str, ...]
    """Names that a run must be given."""

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
        return _index(self.nodes)

    @cached_property
    def operations(self) -> frozenset[int]:
        """Nodes that the kernel runs by itself."""
        return frozenset(i for i, body in enumerate(self.bodies) if body.operation() is not None)

    @cached_property
    def on_loop(self) -> frozenset[int]:
        """Nodes whose body starts on the event loop; the others' runs on a worker thread."""
        return frozenset(
            i for i, body in enumerate(self.bodies) if body.inline or inspect.iscoroutinefunction(body.run)
        )


def _index(nodes: Collection[Node]) -> dict[str, int]:
    ids = {node.id: i for i, node in enumerate(nodes)}
    names = {node.name: i for i, node in enumerate(nodes)}
    return names | ids


def compile_workflow(workflow: Workflow, host: Host) -> Compiled:
    """Compiles ``workflow`` with the node types of ``host``.

    Raises:
        ValidationError: It has faults; ``findings`` lists them all.
    """
    compiled, findings = check(workflow, host)
    if compiled is None:
        raise ValidationError(f"the workflow {workflow.name!r} cannot run:", findings=tuple(findings))
    host.call("graphbit_workflow_compiled", workflow=workflow)
    return compiled


def check(workflow: Workflow, host: Host | None = None) -> tuple[Compiled | None, list[Finding]]:
    """The compiled workflow, or None and every fault that was found."""
    if not workflow.nodes:
        empty = Finding("empty", "the workflow has no nodes", "add at least one with add_node()")
        return None, [empty]
    bodies, findings = _make_bodies(workflow, host)
    nodes, edges = _graph(workflow, bodies)
    findings += _structure(workflow, nodes, edges)
    if findings:
        return None, findings
    plan = Plan(nodes, edges)
    made = list(bodies.values())
    inputs, findings = _names_used(workflow, plan, made)
    findings += _conditions(workflow)
    if findings:
        return None, findings
    left = {edge.source for edge in workflow.edges}
    sinks = tuple(i for i, node_id in enumerate(workflow.nodes) if node_id not in left)
    return Compiled(workflow.name, tuple(workflow.nodes.values()), sinks, plan, made, inputs), []


def _make_bodies(workflow: Workflow, host: Host | None) -> tuple[dict[str, NodeType], list[Finding]]:
    host = host or default_host()
    bodies: dict[str, NodeType] = {}
    findings: list[Finding] = []
    for node in workflow.nodes.values():
        try:
            bodies[node.id] = host.create("node_type", node.type, **node.config)
        except PluginError as error:
            message, fix = divided(error)
            fix = fix or "see 'graphbit plugins list --kind node_type'"
            findings.append(Finding("node_type", message, fix, node.id))
        except ValidationError as error:
            fix = f"see 'graphbit plugins show {node.type}'"
            nested = error.findings or [Finding("config", error.message, fix)]
            findings += [Finding(f.code, f.message, f.fix, node.id) for f in nested]
        except (TypeError, ValueError) as error:  # a node type that leaves the checking to Python
            message = f"its settings were refused: {error}"
            findings.append(Finding("config", message, f"see 'graphbit plugins show {node.type}'", node.id))
    return bodies, findings


def _graph(workflow: Workflow, bodies: Mapping[str, NodeType]) -> tuple[list[PlanNode], list[PlanEdge]]:
    position = {node_id: i for i, node_id in enumerate(workflow.nodes)}
    nodes: list[PlanNode] = []
    for node in workflow.nodes.values():
        operation = bodies[node.id].operation() if node.id in bodies else None
        nodes.append((node.id, node.type, operation.seconds if operation else None))
    edges = [(position[e.source], position[e.target], e.when) for e in workflow.edges]
    return nodes, edges


def _structure(workflow: Workflow, nodes: list[PlanNode], edges: list[PlanEdge]) -> list[Finding]:
    ids = list(workflow.nodes)
    return [
        Finding(code, detail, _FIXES[code], None if node is None else ids[node])
        for code, node, detail in check_graph(nodes, edges)
    ]


def _names_used(
    workflow: Workflow, plan: Plan, bodies: list[NodeType]
) -> tuple[tuple[str, ...], list[Finding]]:
    """The names that must be run inputs, and the uses of nodes that do not come before."""
    index, ids = _index(workflow.nodes.values()), list(workflow.nodes)
    inputs: dict[str, None] = {}
    findings: list[Finding] = []
    followers = {edge.target for edge in workflow.edges}
    for i, body in enumerate(bodies):
        ancestors: set[int] | None = None
        for name in body.placeholders(first=ids[i] not in followers):
            root = name.split(".")[0]
            if index.get(root, i) == i:  # no node's name, or its own, which it cannot mean
                inputs[root] = None
                continue
            ancestors = ancestors if ancestors is not None else set(plan.ancestors(i))
            if index[root] not in ancestors:
                message = f"it uses {{{name}}}, but {ids[index[root]]!r} does not run before it"
                fix = f"connect {ids[index[root]]!r} to it, directly or through others"
                findings.append(Finding("not_an_ancestor", message, fix, ids[i]))
    return tuple(inputs), findings


def _conditions(workflow: Workflow) -> list[Finding]:
    sources = {edge.source for edge in workflow.edges}
    return [
        Finding("no_targets", "the condition has nothing to choose from", "connect it to nodes", node.id)
        for node in workflow.nodes.values()
        if node.type == "condition" and node.id not in sources
    ]
