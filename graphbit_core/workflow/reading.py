"""From data to a workflow, with every fault of its form."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphbit_core.errors import Finding, ValidationError
from graphbit_core.nearest import nearest
from graphbit_core.workflow import texts
from graphbit_core.workflow.node import Node

if TYPE_CHECKING:
    from graphbit_core.workflow.workflow import Workflow

WORKFLOW_KEYS = ("name", "description", "variables", "nodes", "edges")
EDGE_KEYS = ("from", "to", "kind", "when", "output", "port")
CONTAINERS = ("map", "loop", "subworkflow")
"""Node types whose ``body`` is a workflow whatever it looks like; elsewhere it is one if it has nodes."""
MAX_DEPTH = 50
MAX_BODIES = 10_000
_RESERVED = ("type", "name", "body")
_NOT_SETTINGS = ("id", "self")
"""What ``Node`` takes as something else; a file names a node by the key it stands under."""
_EDGE_FORM = "write it as {from: a, to: b}"


class Reader:
    """Makes a workflow of data, with the bodies inside it, and goes on after a fault.

    Args:
        folder: Where the files of bodies are looked for, and the folder that they must stand in; None: there
            are none.

    Attributes:
        findings: Every fault of the form, in order.
        sound: Per workflow that has faults: the path of the node that it is the body of, with a slash behind
            it, and its nodes that have none.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.findings: list[Finding] = []
        self.sound: list[tuple[str, list[Node]]] = []
        self._root = _real(folder) if folder is not None else None
        self._folder = self._root
        self._files: list[Path] = []
        """Files that are being read, outer ones first."""
        self._bodies = 0

    @staticmethod
    def of_file(path: Path) -> Reader:
        """For what ``path`` holds: bodies may stand in its folder and below."""
        file = _real(path)
        reader = Reader(file.parent)
        reader._files.append(file)
        return reader

    def workflow(self, data: Mapping[str, Any], where: str = "", name: str | None = None) -> Workflow:
        """The workflow that ``data`` describes, without what ``findings`` names.

        Args:
            data: What a file holds.
            where: Path of the node that it is the body of, with a slash behind it.
            name: What it is called if it does not say.
        """
        before = len(self.findings)
        self._unknown_keys(data, WORKFLOW_KEYS, "the workflow", where)
        workflow = self._empty(data, where, name)
        nodes = data.get("nodes")
        if not isinstance(nodes, Mapping) or not nodes:
            self._add("missing_key", "the workflow has no nodes", "add 'nodes:' with id: {type: …}", where)
            nodes = {}
        for node_id, fields in nodes.items():
            self._add_node(workflow, str(node_id), fields, where)
        self._edges(workflow, data.get("edges") or [], [str(node_id) for node_id in nodes], where)
        if len(self.findings) > before and workflow.nodes:
            self.sound.append((where, list(workflow.nodes.values())))
        return workflow

    def _add(self, code: str, message: str, fix: str, where: str, node: str = "") -> None:
        self.findings.append(Finding(code, message, fix, f"{where}{node}".rstrip("/") or None))

    def _take(self, error: ValidationError, code: str, where: str, node: str = "") -> None:
        """The findings of an error, as those of a node."""
        if error.findings:
            for found in error.findings:
                self._add(found.code, found.message, found.fix, where, node)
        else:
            message, _, fix = error.message.rpartition("; ")
            self._add(code, message or error.message, fix, where, node)

    def _unknown_keys(self, data: Mapping[str, Any], known: Sequence[str], what: str, where: str) -> None:
        for key in data:
            if key not in known:
                self._add("unknown_key", f"{what} has an unknown key {key!r}", _meant(str(key), known), where)

    def _empty(self, data: Mapping[str, Any], where: str, name: str | None) -> Workflow:
        from graphbit_core.workflow.workflow import Workflow

        called = data.get("name", name)
        if not isinstance(called, str) or not called.strip():
            fix = "add 'name: …' at the top"
            self._add("missing_key", "the workflow has no name that is text", fix, where)
            called = "without a name"
        description = data.get("description")
        if not isinstance(description, str | None):
            message = f"the description is {description!r:.80}"
            self._add("bad_description", message, "give text, in quotes", where)
        try:
            return Workflow(called, description=str(description or ""), variables=data.get("variables"))
        except ValidationError as error:
            self._take(error, "bad_variable", where)
            return Workflow(called)

    def _add_node(self, workflow: Workflow, node_id: str, fields: Any, where: str) -> None:
        if not isinstance(fields, Mapping) or not isinstance(fields.get("type"), str):
            fix = "write it as {type: agent, …}"
            self._add("missing_type", "the node has no type", fix, where, node_id)
            return
        before = len(self.findings)
        name = str(fields.get("name", node_id))
        settings = {str(key): value for key, value in fields.items() if key not in _RESERVED}
        for key in _NOT_SETTINGS:
            if settings.pop(key, None) is not None or key in fields:
                fix = "take it out; the key that the node stands under is its id"
                self._add("unknown_key", f"{key!r} is no setting", fix, where, node_id)
        if "body" in fields:
            settings["body"] = self._body(fields["body"], fields["type"], f"{where}{node_id}", name)
        elif fields["type"] in CONTAINERS:
            fix = "add 'body:' with nodes, or {file: …}"
            self._add("missing_body", f"the {fields['type']} has no body", fix, where, node_id)
        try:
            node = Node(fields["type"], name, id=node_id, **settings)
            if len(self.findings) == before:
                workflow.add_node(node)
        except ValidationError as error:
            self._take(error, "bad_node", where, node_id)

    def _body(self, body: Any, node_type: str, path: str, name: str) -> Any:
        """A body as a workflow; as it is if the node type calls something else so."""
        has_nodes = isinstance(body, Mapping) and isinstance(body.get("nodes"), Mapping)
        if node_type not in CONTAINERS and not has_nodes:
            return body
        if not isinstance(body, Mapping):
            found = f"the body is {body!r:.80}"
            self._add("bad_body", found, "write it as {nodes: …, edges: …} or {file: …}", path)
            return None
        self._bodies += 1
        if path.count("/") >= MAX_DEPTH or self._bodies > MAX_BODIES:
            limits = f"bodies are at most {MAX_DEPTH} deep and {MAX_BODIES:,} in all"
            self._add("too_many_bodies", limits, "make the workflow smaller", path)
            return None
        if "file" in body:
            self._unknown_keys(body, ("file",), "a body in a file of its own", path)
            return self._body_of_file(body["file"], path, name)
        return self.workflow(body, f"{path}/", name)

    def _body_of_file(self, named: Any, path: str, name: str) -> Workflow | None:
        file = self._confined(named, path)
        if file is None:
            return None
        try:
            data = texts.read(file)
        except ValidationError as error:
            self._add("bad_file", error.message, "correct the file, or name another", path)
            return None
        outer, self._folder = self._folder, file.parent
        self._files.append(file)
        try:
            return self.workflow(data, f"{path}/", name)
        finally:
            self._files.pop()
            self._folder = outer

    def _confined(self, named: Any, path: str) -> Path | None:
        """The file of a body; None, with a finding, if it must not or cannot be read."""
        if not isinstance(named, str) or not named:
            self._add("bad_file", f"the body's file is {named!r:.80}", "give a path, as text", path)
            return None
        if self._folder is None or self._root is None:
            problem = f"the body is in the file {named!r}, and this workflow comes from no folder"
            self._add("bad_file", problem, "read it with from_file, or give folder=", path)
            return None
        try:
            file = _real(self._folder / named)
        except (OSError, ValueError) as error:
            self._add("bad_file", f"the body's file {named!r:.80}: {error}", "name another", path)
            return None
        if not file.is_relative_to(self._root):
            problem = f"the body's file {named!r} is outside the workflow's folder"
            self._add("bad_file", problem, f"put it under {str(self._root)!r}", path)
        elif file in self._files:
            names = " → ".join(f.name for f in [*self._files[self._files.index(file) :], file])
            problem = f"the files hold each other: {names}"
            self._add("file_cycle", problem, "use a loop node for repetition", path)
        else:
            return file
        return None

    def _edges(self, workflow: Workflow, edges: Any, ids: list[str], where: str) -> None:
        if not isinstance(edges, list):
            self._add("bad_edges", "edges is not a list", "write '- {from: a, to: b}' for each", where)
            return
        known = set(ids)
        for number, edge in enumerate(edges, 1):
            what = f"edge {number}"
            if not isinstance(edge, Mapping):
                self._add("bad_edge", f"{what} is not a mapping", _EDGE_FORM, where)
                continue
            self._unknown_keys(edge, EDGE_KEYS, what, where)
            ends = [str(edge[key]) for key in ("from", "to") if key in edge]
            for key in ("from", "to"):
                if key not in edge:
                    self._add("bad_edge", f"{what} has no {key!r}", _EDGE_FORM, where)
                elif str(edge[key]) not in known:
                    self._add(
                        "unknown_node", f"{what}: no node {edge[key]!r}", _meant(str(edge[key]), ids), where
                    )
            if len(ends) == 2 and known.issuperset(ends):
                self._connect(workflow, edge, what, where)

    def _connect(self, workflow: Workflow, edge: Mapping[str, Any], what: str, where: str) -> None:
        """Connects two nodes; where one of them is faulty, others stand in, so that the edge is checked."""
        settings = {key: edge[key] for key in EDGE_KEYS[2:] if edge.get(key) is not None}
        ends = str(edge["from"]), str(edge["to"])
        try:
            if not workflow.nodes.keys() >= set(ends):
                workflow = type(workflow)("stand-in")
                for node_id in dict.fromkeys(ends):
                    workflow.add_node(Node("transform", node_id, id=node_id))
            workflow.connect(*ends, **settings)
        except ValidationError as error:
            message, _, fix = error.message.partition("; ")
            self._add("bad_edge", f"{what}: {message}", fix or "connect them once", where)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # resolve() raises at a loop of links


def _meant(word: str, known: Sequence[str]) -> str:
    """What to do about a name that is not in ``known``: the nearest one, or all of them."""
    return nearest(word, known).strip(" ()") or "known are: " + ", ".join(known)
