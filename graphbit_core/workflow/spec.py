"""The written form of a workflow: one structure for YAML, JSON and the builder.

name: Review
nodes:
  draft:  {type: agent, prompt: "Write about {topic}"}
  review: {type: agent, name: Reviewer, prompt: "Improve: {draft}"}
edges:
  - {from: draft, to: review}
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphbit_core.errors import Finding, ValidationError
from graphbit_core.nearest import nearest
from graphbit_core.workflow.node import Node

if TYPE_CHECKING:
    from graphbit_core.workflow.workflow import Workflow

_WORKFLOW_KEYS = ("name", "description", "nodes", "edges")
_EDGE_KEYS = ("from", "to", "when")
_RESERVED = ("type", "name")
_NOT_SETTINGS = ("id", "self")
"""What ``Node`` takes as something else; a file names a node by the key it stands under."""


def to_dict(workflow: Workflow) -> dict[str, Any]:
    """See ``Workflow.to_dict``."""
    data: dict[str, Any] = {"name": workflow.name}
    if workflow.description:
        data["description"] = workflow.description
    data["nodes"] = {node.id: _node_to_dict(node) for node in workflow.nodes.values()}
    data["edges"] = [
        {"from": e.source, "to": e.target} | ({"when": e.when} if e.when is not None else {})
        for e in workflow.edges
    ]
    return data


def _node_to_dict(node: Node) -> dict[str, Any]:
    data: dict[str, Any] = {"type": node.type}
    if node.name != node.id:
        data["name"] = node.name
    return data | {key: _plain(value, node, key) for key, value in sorted(node.config.items())}


def _plain(value: Any, node: Node, key: str) -> Any:
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(k): _plain(v, node, key) for k, v in value.items()}
    if isinstance(value, Sequence):
        return [_plain(v, node, key) for v in value]
    raise ValidationError(
        f"{key!r} of node {node.id!r} is a {type(value).__name__}, which cannot be written down; "
        "for a function give its place as 'package.module:function'",
        field=key,
    )


def spec_hash(workflow: Workflow) -> str:
    """See ``Workflow.spec_hash``."""
    data = to_dict(workflow)
    canonical = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def from_file(path: Path) -> Workflow:
    """See ``Workflow.from_file``."""
    return from_dict(read(path))


def read(path: Path) -> Mapping[str, Any]:
    """What a workflow file holds; its shape is not looked at.

    Raises:
        ValidationError: It cannot be read, or holds no mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValidationError(f"the workflow file {str(path)!r} cannot be read: {error}") from error
    parse = _parsers().get(path.suffix.lower())
    if parse is None:
        raise ValidationError(f"{str(path)!r} ends in {path.suffix!r}; name it .yaml, .yml or .json")
    data = parse(text, str(path))
    if not isinstance(data, Mapping):
        raise ValidationError(
            f"{str(path)!r} holds a {type(data).__name__}, not a mapping with name and nodes"
        )
    return data


def _parsers() -> dict[str, Callable[[str, str], Any]]:
    return {".yaml": _parse_yaml, ".yml": _parse_yaml, ".json": _parse_json}


def _parse_yaml(text: str, source: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date such as 2020-99-99
        raise ValidationError(f"{source!r} is not YAML: {error}") from error


def _parse_json(text: str, source: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValidationError(f"{source!r} is not JSON: {error}") from error


def from_dict(data: Mapping[str, Any]) -> Workflow:
    """See ``Workflow.from_dict``."""
    from graphbit_core.workflow.workflow import Workflow

    findings = _shape_findings(data)
    if findings:
        raise ValidationError("the workflow is not well formed:", findings=tuple(findings))
    workflow = Workflow(str(data["name"]), description=str(data.get("description") or ""))
    for node_id, fields in data["nodes"].items():
        config = {str(key): value for key, value in fields.items() if key not in _RESERVED}
        workflow.add_node(Node(fields["type"], str(fields.get("name", node_id)), id=str(node_id), **config))
    for edge in data.get("edges") or ():
        workflow.connect(str(edge["from"]), str(edge["to"]), when=edge.get("when"))
    return workflow


_OF_EDGES = {"no_targets", "not_an_ancestor"}
"""Findings that say nothing of nodes that are looked at without their edges."""


def faults(path: Path) -> list[Finding]:
    """Every fault of a workflow file: a wrong key or edge does not hide what is wrong with a node.

    Raises:
        ValidationError: The file cannot be read, or holds no mapping.
    """
    data = read(path)
    findings = _shape_findings(data)
    if not findings:
        return from_dict(data).validate()
    nodes = data.get("nodes")
    wrong = {found.node for found in findings}
    if sound := {i: nodes[i] for i in nodes if str(i) not in wrong} if isinstance(nodes, Mapping) else {}:
        apart = from_dict({"name": "nodes without their edges", "nodes": sound})
        findings += [found for found in apart.validate() if found.code not in _OF_EDGES]
    return findings


def _shape_findings(data: Mapping[str, Any]) -> list[Finding]:
    findings = _unknown_keys(data, _WORKFLOW_KEYS, "the workflow")
    if not isinstance(data.get("name"), str):
        findings.append(
            Finding("missing_key", "the workflow has no name that is text", "add 'name: …' at the top")
        )
    nodes = data.get("nodes")
    if not isinstance(nodes, Mapping) or not nodes:
        findings.append(
            Finding("missing_key", "the workflow has no nodes", "add 'nodes:' with id: {type: …}")
        )
        nodes = {}
    for node_id, fields in nodes.items():
        if not isinstance(fields, Mapping) or not isinstance(fields.get("type"), str):
            fix = "write it as {type: agent, …}"
            findings.append(Finding("missing_type", "the node has no type", fix, str(node_id)))
            continue
        for key in _NOT_SETTINGS:
            if key in fields:
                fix = "take it out; the key that the node stands under is its id"
                findings.append(Finding("unknown_key", f"{key!r} is no setting", fix, str(node_id)))
    edges = data.get("edges") or []
    if not isinstance(edges, list):
        findings.append(Finding("bad_edges", "edges is not a list", "write '- {from: a, to: b}' for each"))
        edges = []
    for number, edge in enumerate(edges, 1):
        findings += _edge_findings(edge, number, nodes)
    return findings


def _edge_findings(edge: Any, number: int, nodes: Mapping[str, Any]) -> list[Finding]:
    where = f"edge {number}"
    if not isinstance(edge, Mapping):
        return [Finding("bad_edge", f"{where} is not a mapping", "write it as {from: a, to: b}")]
    findings = _unknown_keys(edge, _EDGE_KEYS, where)
    for key in ("from", "to"):
        if key not in edge:
            findings.append(Finding("bad_edge", f"{where} has no {key!r}", "write it as {from: a, to: b}"))
        elif str(edge[key]) not in map(str, nodes):
            near = _meant(str(edge[key]), [str(n) for n in nodes])
            findings.append(Finding("unknown_node", f"{where}: no node {edge[key]!r}", near))
    if not isinstance(edge.get("when"), str | None):
        problem = f"{where}: 'when' is {edge['when']!r}, not text"
        findings.append(
            Finding("bad_edge", problem, "put the label in quotes: YAML reads yes, no and 1 as other types")
        )
    return findings


def _unknown_keys(data: Mapping[str, Any], known: Sequence[str], where: str) -> list[Finding]:
    """One finding per key of ``data`` that is not in ``known``."""
    return [
        Finding("unknown_key", f"{where} has an unknown key {key!r}", _meant(str(key), known))
        for key in data
        if key not in known
    ]


def _meant(word: str, known: Sequence[str]) -> str:
    """What to do about a name that is not in ``known``: the nearest one, or all of them."""
    return nearest(word, known).strip(" ()") or "known are: " + ", ".join(known)
