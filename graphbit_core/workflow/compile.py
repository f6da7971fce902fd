"""From a workflow to something that can run: node types made, faults found, the kernel's plan built."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from graphbit_core.contracts.node_type import Container, NodeType
from graphbit_core.errors import Finding, PluginError, ValidationError
from graphbit_core.host import Host, Resources, default_host
from graphbit_core.host.faults import divided
from graphbit_core.kernel import Plan, check_graph
from graphbit_core.workflow.calculation import BoundTest
from graphbit_core.workflow.checks import check_scopes
from graphbit_core.workflow.compiled import Compiled, CompiledEdge, Scope
from graphbit_core.workflow.edge import EdgeTest
from graphbit_core.workflow.functions import BoundFunction
from graphbit_core.workflow.reducers import reducer
from graphbit_core.workflow.rules import edge_of, rules_of

if TYPE_CHECKING:
    from graphbit_core.kernel.graph_data import PlanScope
    from graphbit_core.workflow.edge import Edge
    from graphbit_core.workflow.variables import Variable
    from graphbit_core.workflow.workflow import Workflow

_FIXES = {
    "cycle": "remove one of these edges; repetition needs a loop node, not a back edge",
    "duplicate_id": "give one of them another id",
    "duplicate_edge": "connect them once",
    "self_edge": "a node cannot follow itself; remove the edge",
    "disconnected": "connect it, or take it out",
    "unknown_node": "connect nodes that were added",
    "invalid_delay": "give a finite number of seconds, 0 or more",
    "no_error_edge": "connect it with kind='error' to the node that treats the failure",
    "unused_error_edge": "set on_error='route' at the node that it leaves",
    "fallback_cycle": "let the last of them have no fallback",
    "fallback_with_edges": "remove its edges; it runs in place of the node that names it",
    "quorum_unreachable": "ask for fewer, or connect more nodes",
    "join_without_edges": "connect nodes to it, or leave join out",
    "invalid_rule": "correct the option",
}


@dataclass(frozen=True)
class _Draft:
    """A scope before it was looked at."""

    number: int
    workflow: Workflow
    where: str
    """Path of the container that holds it, with a slash behind it; empty for the workflow that runs."""
    container: Container | None
    outer: tuple[int, int] | None
    """Scope and node that hold it."""
    bodies: dict[str, NodeType]
    containers: dict[str, Container]
    """What its nodes tell of the workflows that they run, by node id."""
    inner: dict[str, int]
    """Scope per container node, by id."""


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


def check(
    workflow: Workflow, host: Host | None = None, *, resources: Resources | None = None
) -> tuple[Compiled | None, list[Finding]]:
    """The compiled workflow, or None and every fault that was found.

    Args:
        workflow: What to look at.
        host: Where its node types come from; default: what is installed.
        resources: Where to look for keys, models and files that are missing; None: nowhere.
    """
    host = host or default_host()
    findings: list[Finding] = []
    drafts = _drafts(workflow, host, findings)
    lacking = [] if resources is None else _lacking(drafts, resources)
    if findings and any(finding.code == "empty" for finding in findings):
        return None, findings + lacking
    scopes = [_plan_scope(draft, findings) for draft in drafts]
    findings += _structure(drafts, scopes)
    if findings:
        return None, findings + lacking
    plan = Plan(scopes)
    made = [_scope(draft, findings) for draft in drafts]
    variables = _variables(drafts, findings)
    if findings:
        return None, findings + lacking
    compiled = Compiled(workflow.name, made, plan, (), variables)
    inputs = check_scopes(compiled, [draft.where for draft in drafts], findings)
    findings += lacking
    return (None, findings) if findings else (replace(compiled, inputs=inputs), [])


def _drafts(workflow: Workflow, host: Host, findings: list[Finding]) -> list[_Draft]:
    """The workflow and all bodies in it, outer ones first."""
    drafts: list[_Draft] = []
    waiting: list[tuple[Workflow, _Draft | None, str]] = [(workflow, None, "")]
    for inner, around, node_id in waiting:
        where, outer, container = "", None, None
        if around is not None:
            around.inner[node_id] = len(drafts)
            where, container = f"{around.where}{node_id}/", around.containers[node_id]
            outer = around.number, list(around.workflow.nodes).index(node_id)
        if not inner.nodes:
            fix = "add at least one with add_node()"
            findings.append(Finding("empty", "the workflow has no nodes", fix, where.rstrip("/") or None))
        bodies = _make_bodies(inner, host, where, findings)
        told = {body_id: body.container() for body_id, body in bodies.items()}
        containers = {body_id: held for body_id, held in told.items() if held is not None}
        draft = _Draft(len(drafts), inner, where, container, outer, bodies, containers, {})
        drafts.append(draft)
        waiting += [(held.workflow, draft, body_id) for body_id, held in containers.items()]
    return drafts


def _make_bodies(workflow: Workflow, host: Host, where: str, findings: list[Finding]) -> dict[str, NodeType]:
    bodies: dict[str, NodeType] = {}
    makers: dict[str, Callable[..., NodeType]] = {}
    for node in workflow.nodes.values():
        try:
            make = makers.get(node.type) or makers.setdefault(node.type, host.maker("node_type", node.type))
            bodies[node.id] = make(**node.config)
        except PluginError as error:
            message, fix = divided(error)
            fix = fix or "see 'graphbit plugins list --kind node_type'"
            findings.append(Finding("node_type", message, fix, where + node.id))
        except ValidationError as error:
            fix = f"see 'graphbit plugins show {node.type}'"
            nested = error.findings or [Finding("config", error.message, fix)]
            findings += [Finding(f.code, f.message, f.fix, where + node.id) for f in nested]
        except (TypeError, ValueError) as error:  # a node type that leaves the checking to Python
            message = f"its settings were refused: {error}"
            fix = f"see 'graphbit plugins show {node.type}'"
            findings.append(Finding("config", message, fix, where + node.id))
    return bodies


def _plan_scope(draft: _Draft, findings: list[Finding]) -> PlanScope:
    nodes = draft.workflow.nodes
    position = {node_id: i for i, node_id in enumerate(nodes)}
    rows = []
    for node in nodes.values():
        body = draft.bodies.get(node.id)
        operation = body.operation() if body is not None else None
        held = draft.containers.get(node.id)
        rules = None
        with _finding(findings, draft.where + node.id):
            rules = rules_of(node, position, operation, held, draft.inner.get(node.id))
        rows.append((node.id, node.type, rules))
    edges = [edge_of(edge, position) for edge in draft.workflow.edges]
    return rows, edges


def _structure(drafts: list[_Draft], scopes: list[PlanScope]) -> Iterator[Finding]:
    for code, scope, node, detail in check_graph(scopes):
        draft = drafts[scope]
        where = None if node is None else draft.where + list(draft.workflow.nodes)[node]
        yield Finding(code, detail, _FIXES.get(code, "see the documentation of node options"), where)


def _scope(draft: _Draft, findings: list[Finding]) -> Scope:
    nodes = tuple(draft.workflow.nodes.values())
    position = {node.id: i for i, node in enumerate(nodes)}
    compensations, edges = {}, []
    for i, node in enumerate(nodes):
        if node.options.compensate is not None:
            with _finding(findings, draft.where + node.id):
                compensations[i] = BoundFunction(node.options.compensate, "compensate")
    for edge in draft.workflow.edges:
        with _finding(findings, draft.where + edge.source):
            edges.append(_compiled_edge(edge, position))
    containers = {position[node_id]: held for node_id, held in draft.containers.items()}
    return Scope(
        draft.number,
        nodes,
        list(draft.bodies.values()),
        edges,
        compensations,
        containers,
        draft.outer,
        draft.container,
    )


@contextmanager
def _finding(findings: list[Finding], where: str | None, what: str = "") -> Iterator[None]:
    """Makes a finding of a ValidationError."""
    try:
        yield
    except ValidationError as error:
        findings.append(Finding("config", f"{what}{error.message}", "correct the option", where))


def _variables(drafts: list[_Draft], findings: list[Finding]) -> dict[str, Variable]:
    """Variables of the workflow and of all bodies in it: they are the run's, whoever declares them."""
    declared: dict[str, Variable] = {}
    for draft in drafts:
        for name, variable in draft.workflow.variables.items():
            with _finding(findings, draft.where.rstrip("/") or None, f"the variable {name!r}: "):
                reducer(variable)
            if declared.setdefault(name, variable) != variable:
                message = f"the variable {name!r} is declared otherwise further out"
                fix = "declare it once, or alike; variables belong to the whole run"
                where = draft.where.rstrip("/") or None
                findings.append(Finding("variable_conflict", message, fix, where))
    return declared


def _compiled_edge(edge: Edge, position: Mapping[str, int]) -> CompiledEdge:
    when = edge.when
    label = when if isinstance(when, str) else None
    test = BoundTest(when.expression or when.function or "") if isinstance(when, EdgeTest) else None
    return CompiledEdge(
        position[edge.source],
        position[edge.target],
        edge.kind,
        label,
        test,
        tuple(edge.output.split(".")) if edge.output else (),
        "" if edge.port in (None, "in") else edge.port or "",
    )


def _lacking(drafts: list[_Draft], resources: Resources) -> list[Finding]:
    return [
        Finding(found.code, found.message, found.fix, draft.where + node_id)
        for draft in drafts
        for node_id, body in draft.bodies.items()
        for found in body.check_resources(resources)
    ]
