"""From a workflow to something that can run: node types made, faults found, the kernel's plan built."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from graphbit_core.contracts.node_type import Container, NodeType
from graphbit_core.errors import ConfigError, Finding, PluginError, ValidationError
from graphbit_core.host import Host, Resources, default_host
from graphbit_core.host.faults import divided
from graphbit_core.kernel import Plan, check_graph
from graphbit_core.workflow.calculation import EdgeCondition
from graphbit_core.workflow.checks import check_scopes
from graphbit_core.workflow.compiled import Compiled, CompiledEdge, Scope
from graphbit_core.workflow.edge import EdgeTest
from graphbit_core.workflow.functions import BoundFunction
from graphbit_core.workflow.reducers import reducer
from graphbit_core.workflow.rules import edge_of, rules_of
from graphbit_core.workflow.sketch import Sketch, Unmade

if TYPE_CHECKING:
    from graphbit_core.kernel.graph_data import PlanScope
    from graphbit_core.workflow.edge import Edge
    from graphbit_core.workflow.variables import Variable
    from graphbit_core.workflow.workflow import Workflow


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
    sound = not findings
    made = [_scope(draft, findings) for draft in drafts]
    variables = _variables(drafts, findings)
    if sound:
        compiled = Compiled(workflow.name, made, Plan(scopes), {}, variables)
        inputs = check_scopes(compiled, [draft.where for draft in drafts], findings)
    else:
        check_scopes(Sketch(made, variables), [draft.where for draft in drafts], findings)
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
        containers: dict[str, Container] = {}
        for body_id, held in told.items():
            if held is not None and not hasattr(held.workflow, "nodes"):
                message = f"what it is to run is a {type(held.workflow).__name__}, not a workflow"
                findings.append(Finding("body", message, "give it a Workflow or a Node", where + body_id))
            elif held is not None:
                containers[body_id] = held
        draft = _Draft(len(drafts), inner, where, container, outer, bodies, containers, {})
        drafts.append(draft)
        waiting += [(held.workflow, draft, body_id) for body_id, held in containers.items()]
    return drafts


def _make_bodies(workflow: Workflow, host: Host, where: str, findings: list[Finding]) -> dict[str, NodeType]:
    bodies: dict[str, NodeType] = {}
    makers: dict[str, Callable[..., NodeType]] = {}
    for node in workflow.nodes.values():
        bodies[node.id] = Unmade(node.config)
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
        except ConfigError as error:  # of the configuration file
            finding = Finding("config", error.message, "correct the configuration", where + node.id)
            findings.append(finding)
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
        operation, held, rules = draft.bodies[node.id].operation(), draft.containers.get(node.id), None
        try:
            rules = rules_of(node, position, operation, held, draft.inner.get(node.id))
        except ValidationError as error:
            findings.append(_option(error, draft.where + node.id))
        rows.append((node.id, node.type, rules))
    edges = [edge_of(edge, position) for edge in draft.workflow.edges]
    return rows, edges


def _structure(drafts: list[_Draft], scopes: list[PlanScope]) -> Iterator[Finding]:
    for code, scope, node, message, fix in check_graph(scopes):
        draft = drafts[scope]
        where = None if node is None else draft.where + list(draft.workflow.nodes)[node]
        yield Finding(code, message, fix, where)


def _scope(draft: _Draft, findings: list[Finding]) -> Scope:
    nodes = tuple(draft.workflow.nodes.values())
    position = {node.id: i for i, node in enumerate(nodes)}
    compensations = {}
    for i, node in enumerate(nodes):
        if node.options.compensate is not None:
            try:
                compensations[i] = BoundFunction(node.options.compensate, "compensate")
            except ValidationError as error:
                findings.append(_option(error, draft.where + node.id))
    return Scope(
        draft.number,
        nodes,
        list(draft.bodies.values()),
        [_compiled_edge(edge, position, draft.where, findings) for edge in draft.workflow.edges],
        compensations,
        {position[node_id]: held for node_id, held in draft.containers.items()},
        draft.outer,
        draft.container,
    )


def _option(error: ValidationError, where: str | None, about: str = "") -> Finding:
    return Finding("config", about + error.message, "correct the option", where)


def _variables(drafts: list[_Draft], findings: list[Finding]) -> dict[str, Variable]:
    """Variables of the workflow and of all bodies in it: they are the run's, whoever declares them."""
    declared: dict[str, Variable] = {}
    for draft in drafts:
        where = draft.where.rstrip("/") or None
        for name, variable in draft.workflow.variables.items():
            try:
                reducer(variable)
            except ValidationError as error:
                findings.append(_option(error, where, f"the variable {name!r}: "))
            if declared.setdefault(name, variable) != variable:
                message = f"the variable {name!r} is declared otherwise further out"
                fix = "declare it once, or alike; variables belong to the whole run"
                findings.append(Finding("variable_conflict", message, fix, where))
    return declared


def _compiled_edge(
    edge: Edge, position: Mapping[str, int], where: str, findings: list[Finding]
) -> CompiledEdge:
    when, condition = edge.when, None
    if isinstance(when, EdgeTest):
        try:
            condition = EdgeCondition(when.expression or when.function or "")
        except ValidationError as error:
            findings.append(_option(error, where + edge.source, f"the edge to {edge.target!r}: "))
    return CompiledEdge(
        position[edge.source],
        position[edge.target],
        edge.kind,
        when if isinstance(when, str) else None,
        condition,
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
