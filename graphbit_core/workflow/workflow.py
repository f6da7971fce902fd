"""Workflows as users build them: nodes and edges."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from graphbit_core.errors import Finding, ValidationError
from graphbit_core.nearest import nearest
from graphbit_core.workflow import spec, texts
from graphbit_core.workflow.decorators import Step, declared
from graphbit_core.workflow.edge import Edge, EdgeTest, make_edge
from graphbit_core.workflow.node import Node
from graphbit_core.workflow.variables import Variable, parse_variables

if TYPE_CHECKING:
    from graphbit_core.host import Host
    from graphbit_core.workflow.compiled import Compiled
    from graphbit_core.workflow.executor import Executor
    from graphbit_core.workflow.result import WorkflowResult
    from graphbit_core.workflow.workflow_tool import WorkflowTool


class Workflow:
    """A graph of nodes. It is data: validating, drawing and running it never changes it.

    Args:
        name: What people call it.
        description: What it is for.
        variables: Names that nodes write, each with its reducer: ``last``, ``append``, ``merge``, ``sum``,
            ``max``, ``min``, ``set``, a function or ``package.module:function``; or with a mapping of
            ``reducer`` and ``initial``.

    Raises:
        ValidationError: There is no name, or a variable is wrong; ``findings`` lists every wrong one.
    """

    def __init__(
        self, name: str, *, description: str = "", variables: Mapping[str, Any] | None = None
    ) -> None:
        if not name.strip():
            raise ValidationError("a workflow needs a name", field="name")
        self.name = name
        self.description = description
        self._variables = parse_variables(variables)
        self._body_of: str | None = None
        self._nodes: dict[str, Node] = {}
        self._edges: dict[Edge, None] = {}
        self._ids: dict[str, str] = {}
        """Name → id."""
        self._compiled: tuple[int, tuple[object, ...], Compiled] | None = None

    def __repr__(self) -> str:
        return f"Workflow({self.name!r}, {len(self._nodes)} nodes, {len(self._edges)} edges)"

    @property
    def nodes(self) -> Mapping[str, Node]:
        """The nodes by id, in the order they were added."""
        return MappingProxyType(self._nodes)

    @property
    def variables(self) -> Mapping[str, Variable]:
        """The declared variables by name."""
        return self._variables

    @property
    def edges(self) -> Collection[Edge]:
        """The edges, in the order they were added."""
        return self._edges.keys()

    @staticmethod
    def of(
        name: str,
        *steps: Node | Callable[..., Any],
        description: str = "",
        variables: Mapping[str, Any] | None = None,
    ) -> Workflow:
        """A workflow of functions that ``@node`` or ``@condition`` decorates, and of nodes, in any order.

        Args:
            name: See ``Workflow``, as for the other arguments.
            steps: The nodes; each decorated function is connected with what its ``after=`` says.
            description: What it is for.
            variables: Names that nodes write.

        Raises:
            ValidationError: A function is not decorated, or what it comes after is not among ``steps``.
        """
        workflow = Workflow(name, description=description, variables=variables)
        found = [declared(step) for step in steps]
        for each in found:
            workflow.add_node(each.node)
        for each in found:
            for source in each.after:
                workflow.connect(source, each.node, when=each.when)
        return workflow

    def add_node(self, node: Node | Callable[..., Any]) -> str:
        """Adds ``node``, or that of a decorated function, and returns its id.

        Raises:
            ValidationError: The workflow has a node of this id or name already.
        """
        self._require_open()
        if not isinstance(node, Node):
            node = declared(node).node
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

    def connect(
        self,
        source: Step,
        target: Step,
        *,
        kind: str = "data",
        when: str | Mapping[str, Any] | Callable[..., Any] | EdgeTest | None = None,
        output: str | int | None = None,
        port: str | None = None,
    ) -> None:
        """Adds an edge between two nodes, named by id, by name, by itself or by its function.

        Args:
            source: Where the edge starts.
            target: Where it ends.
            kind: ``data``; ``control`` orders the two and carries nothing; ``error`` carries the failure of
                a source that has ``on_error="route"``.
            when: Label by which a condition at ``source`` chooses this edge (default: the target's id); or
                ``{"if": "expression"}`` or a function of the source's output, to decide for this edge alone.
            output: What of the source's output it carries: a key or index, as ``summary``, ``0`` or ``a.b``.
            port: Input port of ``target``.

        Raises:
            ValidationError: No such node or port, the edge exists already, or a setting is wrong.
        """
        self._require_open()
        edge = make_edge(self._id_of(source), self._id_of(target), kind, when, output, port)
        if (
            edge.port is not None
            and (ports := self._nodes[edge.target].options.ports)
            and edge.port not in ports
        ):
            hint = nearest(edge.port, ports) or f"; it declares {', '.join(ports)}"
            raise ValidationError(f"node {edge.target!r} has no port {edge.port!r}{hint}", field="port")
        if edge in self._edges:
            raise ValidationError(f"{edge.source!r} and {edge.target!r} are connected already")
        self._edges[edge] = None
        self._compiled = None

    def close(self, node: str) -> None:
        """From now on it is the body of a node, and can change no more."""
        self._body_of = node

    def _require_open(self) -> None:
        if self._body_of is not None:
            raise ValidationError(
                f"the workflow {self.name!r} is the body of node {self._body_of!r} and can change no more; "
                "build it before you make that node"
            )

    def chain(self, *nodes: Node | Callable[..., Any]) -> Workflow:
        """Adds nodes that are new here and connects each to the next. Returns the workflow."""
        made = [node if isinstance(node, Node) else declared(node).node for node in nodes]
        for node in made:
            if self._nodes.get(node.id) is not node:
                self.add_node(node)
        for source, target in pairwise(made):
            self.connect(source, target)
        return self

    def _id_of(self, node: Step) -> str:
        key = node if isinstance(node, str) else (node if isinstance(node, Node) else declared(node).node).id
        if key in self._nodes:
            return key
        if key in self._ids:
            return self._ids[key]
        known = ", ".join(sorted(self._nodes)) or "none yet"
        raise ValidationError(f"no node {key!r} in workflow {self.name!r}; it has: {known}", field="node")

    def validate(self, host: Host | None = None, *, resources: bool = False) -> list[Finding]:
        """Every fault of the workflow; an empty list means that it can run. Runs nothing.

        Args:
            host: Where its node types come from; default: what is installed.
            resources: Whether to look also for what is missing outside: API keys, models, tools, files.
                Nothing is sent anywhere. What only an executor gives, such as its model, is a finding
                ``not_checked`` here; ``Executor.validate`` looks at it.
        """
        from graphbit_core.host import Resources, default_host
        from graphbit_core.workflow.compile import check

        host = host or default_host()
        return check(self, host, resources=Resources(host) if resources else None)[1]

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

    def draw(self, format: str = "mermaid", result: WorkflowResult | None = None) -> str:  # noqa: A002
        """The graph as text that other programs make a picture of.

        Args:
            format: ``mermaid`` (a flowchart) or ``dot`` (Graphviz).
            result: A run of this workflow; its nodes' states, times and attempts are shown.

        Raises:
            ValidationError: There is no such format.
        """
        from graphbit_core.workflow.draw import draw

        return draw(self, format, result)

    def as_tool(
        self,
        name: str | None = None,
        description: str | None = None,
        *,
        executor: Executor | None = None,
        types: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> WorkflowTool:
        """A tool that runs this workflow; its inputs are the tool's parameters.

        Args:
            name: What a model calls it; default: made from the workflow's name.
            description: What a model is told; default: the workflow's description.
            executor: What runs it; default: an executor with the model and the host of the calling run.
            types: Type hints of inputs, by name; the others are text.
            options: The fields of ToolOptions, as for ``@tool``: ``timeout``, ``idempotent``, …

        Raises:
            ValidationError: The workflow has faults, there is no description, ``types`` names no input, or an
                option is wrong.
        """
        from graphbit_core.tools.decorator import make_options
        from graphbit_core.workflow.workflow_tool import WorkflowTool

        made = make_options(options)
        return WorkflowTool(self, name, description, executor=executor, types=types, options=made)

    def to_dict(self) -> dict[str, Any]:
        """The workflow as JSON data; ``from_dict`` gives an equal one.

        A function of a module is written as ``package.module:function``.

        Raises:
            ValidationError: A node holds something that cannot be written, such as a lambda.
        """
        return spec.to_dict(self)

    def to_yaml(self) -> str:
        """What a ``.yaml`` file of the workflow holds. Raises what ``to_dict`` raises."""
        return texts.to_yaml(self.to_dict())

    def to_json(self) -> str:
        """What a ``.json`` file of the workflow holds. Raises what ``to_dict`` raises."""
        return texts.to_json(self.to_dict())

    @staticmethod
    def from_dict(data: Mapping[str, Any], *, folder: str | Path | None = None) -> Workflow:
        """The workflow that ``data`` describes.

        Args:
            data: As ``to_dict`` gives it.
            folder: Where bodies that are files of their own stand, at any depth; default: there are none.

        Raises:
            ValidationError: Unknown or missing keys, wrong values; ``findings`` lists them all.
        """
        return spec.from_dict(data, None if folder is None else Path(folder))

    @staticmethod
    def from_yaml(text: str, *, folder: str | Path | None = None) -> Workflow:
        """The workflow that ``text`` describes; see ``from_dict``."""
        return Workflow.from_dict(texts.parse_yaml(text), folder=folder)

    @staticmethod
    def from_json(text: str, *, folder: str | Path | None = None) -> Workflow:
        """The workflow that ``text`` describes; see ``from_dict``."""
        return Workflow.from_dict(texts.parse_json(text), folder=folder)

    @staticmethod
    def from_file(path: str | Path) -> Workflow:
        """Reads a ``.yaml``, ``.yml`` or ``.json`` file; bodies may be files in its folder and below."""
        return spec.from_file(Path(path))

    @staticmethod
    def json_schema(host: Host | None = None) -> dict[str, Any]:
        """The JSON Schema (draft 2020-12) of workflow files, with what each installed node type takes."""
        from graphbit_core.workflow.schema import json_schema

        return json_schema(host)

    @property
    def spec_hash(self) -> str:
        """Changes whenever the meaning of the workflow does; the same for YAML, JSON and builder.

        The order of edges to one node counts, as that of its inputs. The order of nodes counts only if
        variables are declared, as that in which writes become a value.
        """
        return spec.spec_hash(self)
