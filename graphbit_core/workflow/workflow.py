"""Workflows as users build them: nodes and edges."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from graphbit_core.errors import Finding, ValidationError
from graphbit_core.workflow import spec
from graphbit_core.workflow.node import Node

if TYPE_CHECKING:
    from graphbit_core.host import Host
    from graphbit_core.workflow.compile import Compiled


@dataclass(frozen=True, slots=True)
class Edge:
    """From one node to another, by id. ``when`` is the label by which a condition chooses it."""

    source: str
    target: str
    when: str | None = None


class Workflow:
    """A graph of nodes. It is data: validating, drawing and running it never changes it."""

    def __init__(self, name: str, *, description: str = "") -> None:
        if not name.strip():
            raise ValidationError("a workflow needs a name", field="name")
        self.name = name
        self.description = description
        self._nodes: dict[str, Node] = {}
        self._edges: dict[Edge, None] = {}
        self._ids: dict[str, str] = {}
        """Name → id."""
        self._compiled: tuple[int, tuple[object, ...], Compiled] | None = None

    @property
    def nodes(self) -> Mapping[str, Node]:
        """The nodes by id, in the order they were added."""
        return MappingProxyType(self._nodes)

    @property
    def edges(self) -> Collection[Edge]:
        """The edges, in the order they were added."""
        return self._edges.keys()

    def add_node(self, node: Node) -> str:
        """Adds ``node`` and returns its id.

        Raises:
            ValidationError: The workflow has a node of this id or name already.
        """
        taken = self._nodes.get(node.id) or self._nodes.get(self._ids.get(node.name, ""))
        if taken is not None:
            raise ValidationError(
                f"the workflow {self.name!r} already has {taken!r}; give one of them another name or id",
                field="id" if taken.id == node.id else "name",
            )
        self._nodes[node.id] = node
        self._compiled = None
        self._ids[node.name] = node.id
        return node.id

    def connect(self, source: str | Node, target: str | Node, *, when: str | None = None) -> None:
        """Adds an edge between two nodes, named by id, by name, or by the node itself.

        Args:
            source: Where the edge starts.
            target: Where it ends.
            when: Label by which a condition at ``source`` chooses this edge; default: the target's id.

        Raises:
            ValidationError: No such node, the edge exists already, or ``when`` is not text.
        """
        if not isinstance(when, str | None):
            raise ValidationError(f"when is {when!r}; a label is text", field="when")
        edge = Edge(self._id_of(source), self._id_of(target), when)
        if edge in self._edges:
            raise ValidationError(f"{edge.source!r} and {edge.target!r} are connected already")
        self._edges[edge] = None
        self._compiled = None

    def chain(self, *nodes: Node) -> Workflow:
        """Adds nodes that are new here and connects each to the next. Returns the workflow."""
        for node in nodes:
            if self.nodes.get(node.id) is not node:
                self.add_node(node)
        for source, target in pairwise(nodes):
            self.connect(source, target)
        return self

    def _id_of(self, node: str | Node) -> str:
        key = node.id if isinstance(node, Node) else node
        if key in self.nodes:
            return key
        if key in self._ids:
            return self._ids[key]
        known = ", ".join(sorted(self.nodes)) or "none yet"
        raise ValidationError(f"no node {key!r} in workflow {self.name!r}; it has: {known}", field="node")

    def validate(self, host: Host | None = None) -> list[Finding]:
        """Every fault of the workflow; an empty list means that it can run. Runs nothing."""
        from graphbit_core.workflow.compile import check

        return check(self, host)[1]

    @property
    def inputs(self) -> list[str]:
        """Names that templates and functions use and no node produces; a run must be given them."""
        return list(self.compile().inputs)

    def compile(self, host: Host | None = None) -> Compiled:
        """The workflow ready to run; made anew only after the workflow or the host has changed.

        Raises:
            ValidationError: It has faults; ``findings`` lists them all.
        """
        from graphbit_core.host import default_host
        from graphbit_core.workflow.compile import compile_workflow

        host = host or default_host()
        key = (host, *host.snapshot())
        known = self._compiled
        pid = os.getpid()  # a forked child needs a plan of its own
        if known is not None and known[0] == pid and all(a is b for a, b in zip(known[1], key, strict=True)):
            return known[2]
        compiled = compile_workflow(self, host)
        self._compiled = (pid, key, compiled)
        return compiled

    def draw(self) -> str:
        """The graph as a Mermaid flowchart."""
        from graphbit_core.workflow.draw import mermaid

        return mermaid(self)

    def to_dict(self) -> dict[str, Any]:
        """The workflow as JSON data; ``from_dict`` gives an equal one.

        Raises:
            ValidationError: A node holds a function; name it as ``package.module:function`` instead.
        """
        return spec.to_dict(self)

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Workflow:
        """The workflow that ``data`` describes.

        Raises:
            ValidationError: Unknown or missing keys; ``findings`` lists them all.
        """
        return spec.from_dict(data)

    @staticmethod
    def from_file(path: str | Path) -> Workflow:
        """Reads a ``.yaml``, ``.yml`` or ``.json`` file."""
        return spec.from_file(Path(path))

    @property
    def spec_hash(self) -> str:
        """Changes whenever the meaning of the workflow does; the same for YAML, JSON and builder."""
        return spec.spec_hash(self)
