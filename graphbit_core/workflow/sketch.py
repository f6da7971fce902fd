"""A workflow whose graph has faults: it cannot run, but what else is wrong with it can be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from graphbit_core.contracts import API_VERSION
from graphbit_core.contracts.node_type import Container, FrameResult, NodeContext, NodeType
from graphbit_core.errors import InternalError
from graphbit_core.workflow.compiled import Scope
from graphbit_core.workflow.variables import Variable
from graphbit_core.workflow.workflow import Workflow


class Unmade(NodeType):
    """Stands for a node that could not be made, so that its surroundings and its body can be looked at."""

    graphbit_api: ClassVar[tuple[int, int]] = API_VERSION

    def __init__(self, config: Mapping[str, Any]) -> None:
        body = config.get("body")
        self._container = Container(body, "subworkflow") if isinstance(body, Workflow) else None

    def container(self) -> Container | None:
        """The workflow it was to run."""
        return self._container

    def run(self, context: NodeContext) -> None:
        """Raises an InternalError: a workflow with such a node never runs."""
        raise InternalError(f"node {context.node_id!r} was run although it could not be made")

    def resume(self, context: NodeContext, results: Sequence[FrameResult]) -> None:
        """Raises what ``run`` raises."""
        self.run(context)


@dataclass(frozen=True)
class Sketch:
    """What checks ask of a compiled workflow, for one that the kernel takes no plan of."""

    scopes: Sequence[Scope]
    variables: Mapping[str, Variable]

    def ancestors(self, scope: int, node: int) -> frozenset[int]:
        """All nodes before one; on a cycle each comes before the others."""
        before, found, waiting = self._before[scope], set[int](), [node]
        while waiting:
            new = before.get(waiting.pop(), set()) - found
            found |= new
            waiting += new
        return frozenset(found)

    @cached_property
    def _before(self) -> list[dict[int, set[int]]]:
        """Direct predecessors, per scope and node."""
        scopes: list[dict[int, set[int]]] = []
        for scope in self.scopes:
            before: dict[int, set[int]] = {}
            for edge in scope.edges:
                before.setdefault(edge.target, set()).add(edge.source)
            scopes.append(before)
        return scopes
