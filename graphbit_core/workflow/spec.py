"""The written form of a workflow: one structure for YAML, JSON and the builder.

name: Review
variables: {notes: append}
nodes:
  draft:  {type: agent, prompt: "Write about {topic}", retry: 3}
  each:
    type: map
    over: draft.parts
    body:
      nodes:
        check: {type: agent, prompt: "Check: {item}", writes: notes}
  review: {type: agent, name: Reviewer, prompt: "Improve: {draft}"}
edges:
  - {from: draft, to: each}
  - {from: each, to: review, kind: control}
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphbit_core.errors import Finding, ValidationError
from graphbit_core.workflow import texts
from graphbit_core.workflow.edge import Edge, EdgeTest
from graphbit_core.workflow.reading import Reader
from graphbit_core.workflow.written import plain

if TYPE_CHECKING:
    from graphbit_core.workflow.node import Node
    from graphbit_core.workflow.workflow import Workflow


def to_dict(workflow: Workflow) -> dict[str, Any]:
    """See ``Workflow.to_dict``."""
    return {"name": _name(workflow.name)} | _content(workflow, "")


def _content(workflow: Workflow, where: str) -> dict[str, Any]:
    """All of a workflow but its name. ``where`` is the path of the node that it is the body of."""
    data: dict[str, Any] = {}
    if workflow.description:
        data["description"] = plain(workflow.description, "the description", "description")
    if workflow.variables:
        data["variables"] = {
            name: plain(variable.written(), f"the variable {name!r}", "variables")
            for name, variable in workflow.variables.items()
        }
    data["nodes"] = {node.id: _node(node, where) for node in workflow.nodes.values()}
    if workflow.edges:
        data["edges"] = [_edge(edge) for edge in workflow.edges]
    return data


def _name(name: str) -> Any:
    return plain(name, "the name", "name")


def _node(node: Node, where: str) -> dict[str, Any]:
    from graphbit_core.workflow.workflow import Workflow

    data: dict[str, Any] = {"type": node.type}
    if node.name != node.id:
        data["name"] = _name(node.name)
    path = f"{where}{node.id}"
    for key, value in sorted({**node.config, **node.options.written()}.items()):
        if isinstance(value, Workflow):
            own_name = {} if value.name == node.name else {"name": _name(value.name)}
            data[key] = own_name | _content(value, f"{path}/")
        else:
            data[key] = plain(value, f"{key!r} of node {path!r}", key)
            if key == "body" and _is_scope(data[key]):
                found = f"the body of node {path!r} is data that reads as a workflow"
                raise ValidationError(f"{found}; give what Workflow.from_dict makes of it", field=key)
    return data


def _edge(edge: Edge) -> dict[str, Any]:
    data: dict[str, Any] = {"from": edge.source, "to": edge.target}
    if edge.kind != "data":
        data["kind"] = edge.kind
    what = f"'when' of the edge {edge.source!r} to {edge.target!r}"
    if isinstance(edge.when, EdgeTest):
        test = {"if": edge.when.expression} if edge.when.expression else {"function": edge.when.function}
        data["when"] = plain(test, what, "when")
    elif edge.when is not None:
        data["when"] = plain(edge.when, what, "when")
    return data | {key: value for key in ("output", "port") if (value := getattr(edge, key)) is not None}


def spec_hash(workflow: Workflow) -> str:
    """See ``Workflow.spec_hash``."""
    data = _canonical(to_dict(workflow), ordered=bool(workflow.variables))
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(data: dict[str, Any], ordered: bool) -> dict[str, Any]:
    """``data`` without what has no meaning: the order of nodes, and of edges that lead to different nodes.

    With variables, what nodes write is folded in an order that the order of nodes has a part in.
    """
    nodes = {
        node_id: {
            key: _canonical(value, ordered) if key == "body" and _is_scope(value) else _numbers(value)
            for key, value in fields.items()
        }
        for node_id, fields in data["nodes"].items()
    }
    edges = sorted(data.get("edges", []), key=lambda edge: str(edge["to"]))
    rest = {key: _numbers(value) for key, value in data.items() if key not in ("nodes", "edges")}
    return rest | {"nodes": list(nodes.items()) if ordered else nodes, "edges": edges}


def _is_scope(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("nodes"), dict)


def _numbers(value: Any) -> Any:
    """``value`` with 1.0 as 1: they mean the same, and files say either."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _numbers(inner) for key, inner in value.items()}
    return [_numbers(inner) for inner in value] if isinstance(value, list) else value


def from_dict(data: Mapping[str, Any], folder: Path | None = None) -> Workflow:
    """See ``Workflow.from_dict``."""
    return _read(data, Reader(folder))


def from_file(path: Path) -> Workflow:
    """See ``Workflow.from_file``."""
    return _read(texts.read(path), Reader.of_file(path))


def _read(data: Mapping[str, Any], reader: Reader) -> Workflow:
    workflow = reader.workflow(data)
    if reader.findings:
        raise ValidationError("the workflow is not well formed:", findings=tuple(reader.findings))
    return workflow


_OF_EDGES = {
    *("no_targets", "not_an_ancestor", "disconnected", "no_error_edge"),
    *("join_without_edges", "quorum_unreachable"),
}
"""Findings that say nothing of nodes that are looked at without their edges."""


def faults(path: Path, validate: Callable[[Workflow], list[Finding]] | None = None) -> list[Finding]:
    """Every fault of a workflow file: a wrong key or edge does not hide what is wrong with a node.

    Args:
        path: The file.
        validate: What finds the faults of a workflow; default: ``Workflow.validate``.

    Raises:
        ValidationError: The file cannot be read, or holds no mapping.
    """
    reader = Reader.of_file(path)
    workflow = reader.workflow(texts.read(path))
    validate = validate or type(workflow).validate
    if not reader.findings:
        return validate(workflow)
    findings = list(reader.findings)
    for where, nodes in reader.sound:
        apart = type(workflow)("nodes without their edges")
        for node in nodes:
            apart.add_node(node)
        for found in validate(apart):
            if found.code not in _OF_EDGES:
                node_id = where + found.node if found.node else where.rstrip("/") or None
                findings.append(Finding(found.code, found.message, found.fix, node_id))
    return findings
