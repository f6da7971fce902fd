"""One frame of a run: values and errors of the nodes of one scope, while that scope runs once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from graphbit_core.contracts.node_type import FrameResult
from graphbit_core.errors import NodeError, ValidationError, WorkflowError
from graphbit_core.types.messages import Usage
from graphbit_core.workflow.template import follow

if TYPE_CHECKING:
    from graphbit_core.workflow.activation import Activation
    from graphbit_core.workflow.compiled import CompiledEdge, Scope
    from graphbit_core.workflow.state import RunState

_MISSING = object()
Write = tuple[str, Any]


class Frame:
    """What the nodes of one scope gave. States are the kernel's.

    Attributes:
        state: The run's.
        number: Id in the kernel; 0 is the workflow itself.
        scope: Its nodes.
        path: ``each[17]/improve#3``; empty for the workflow itself.
        opener: The activation whose frame this is; None for the workflow itself.
        given: What the opener gives the nodes by name.
        values: Output per node that gave one.
        writes: Variables that nodes wrote, in order, by node.
        earlier: What earlier frames of a loop wrote.
        node_errors: Why nodes failed, whether it was handled or not.
        errors: Failures that nobody handled, and what followed from them, in order.
        cancelled: What nodes say that cancelled themselves.
        handled: Failures that a node's options, a join or a container took.
        usage: Tokens per node.
    """

    __slots__ = (
        "cancelled",
        "earlier",
        "errors",
        "given",
        "handled",
        "node_errors",
        "number",
        "opener",
        "path",
        "scope",
        "state",
        "usage",
        "values",
        "writes",
    )

    def __init__(
        self,
        state: RunState,
        scope: Scope,
        *,
        number: int = 0,
        path: str = "",
        opener: Activation | None = None,
        given: Mapping[str, Any] | None = None,
        earlier: Sequence[Write] = (),
    ) -> None:
        self.state = state
        self.number = number
        self.scope = scope
        self.path = path
        self.opener = opener
        self.given = given or {}
        self.earlier = earlier
        self.values: dict[int, Any] = {}
        self.writes: dict[int, list[Write]] = {}
        self.node_errors: dict[int, NodeError] = {}
        self.errors: list[Exception] = []
        self.cancelled: list[Exception] = []
        self.handled: list[Exception] = []
        self.usage: dict[int, Usage] = {}

    def activation_id(self, node: int) -> int:
        """The kernel's number of a node's activation in this frame."""
        return self.number << 24 | node

    def state_of(self, node: int) -> str:
        """The state of a node, as the kernel has it."""
        return self.state.run.state(self.activation_id(node))

    def has_output(self, node: int) -> bool:
        """Whether a node gave an output."""
        # Kernel operations have no value of their own: they pass on what they got.
        return node in self.values or (node in self.scope.operations and self.state_of(node) == "succeeded")

    def output(self, node: int) -> Any:
        """The output of a node that gave one."""
        value = self.values.get(node, _MISSING)
        if value is _MISSING:
            value = self.values[node] = self.arrived(node, self.live_edges(node))
        return value

    def live_edges(self, node: int) -> Sequence[CompiledEdge]:
        """In-edges that carry something, in edge order; those that only order are left out."""
        if node not in self.scope.followers:
            return ()
        edges = self.scope.edges
        live = self.state.run.live_edges(self.number << 24 | node)
        if self.scope.has_control:
            live = [i for i in live if edges[i].kind != "control"]
        return [edges[i] for i in live]

    def carried(self, edge: CompiledEdge) -> Any:
        """What a live edge carries."""
        value = self.node_errors[edge.source] if edge.kind == "error" else self.output(edge.source)
        return _part(value, edge.output, self.scope.ids[edge.source]) if edge.output else value

    def failures_at(self, node: int) -> dict[int, NodeError]:
        """Predecessors that failed, for a node that joins all of them whatever became of them."""
        ended = self.state.run.in_edges(self.activation_id(node))
        sources = (self.scope.edges[i].source for i, state in ended if state == "upstream_failed")
        return {source: self.node_errors[source] for source in sources if source in self.node_errors}

    def arrived(self, node: int, edges: Sequence[CompiledEdge]) -> Any:
        """What came in at a node along its live edges, as one value; see ``NodeContext.value``."""
        collects = node in self.scope.collects
        if len(edges) == 1 and not collects:
            return self.carried(edges[0])
        plain = [edge for edge in edges if not edge.port]
        if collects:
            return [self.carried(edge) for edge in plain]
        if edges:
            names = self.scope.names
            values = {".".join((names[edge.source], *edge.output)): self.carried(edge) for edge in plain}
            return {**values, **self.ports(node, edges)} if len(plain) < len(edges) else values
        return self.entry_value()

    def _collects(self, node: int, port: str) -> bool:
        declared = self.scope.nodes[node].options.ports.get(port)
        return declared is not None and declared.collect

    def entry_value(self) -> Any:
        """What a node gets that nothing precedes."""
        container = self.scope.container
        if container is not None and container.value is not None:
            return self.given[container.value]
        return dict(self.state.inputs)

    def ports(self, node: int, edges: Sequence[CompiledEdge]) -> dict[str, Any]:
        """Values at named ports.

        Raises:
            ValidationError: Several values meet at a port that does not collect.
        """
        values: dict[str, Any] = {}
        for edge in edges:
            if not edge.port:
                continue
            value = self.carried(edge)
            if self._collects(node, edge.port):
                values.setdefault(edge.port, []).append(value)
            elif edge.port in values:
                raise ValidationError(
                    f"two values meet at the port {edge.port!r}; mark it ports={{{edge.port!r}: 'collect'}}",
                    field="ports",
                )
            else:
                values[edge.port] = value
        return values

    def failure(
        self, node: int, problem: str, cause: BaseException | None = None, attempts: int = 1
    ) -> NodeError:
        """The error of one of its nodes; in the message ``problem`` follows its path."""
        spec, run_id = self.scope.nodes[node], self.state.run_id
        path = f"{self.path}/{spec.id}" if self.path else spec.id
        error = NodeError(
            f"node {path!r} {problem}",
            run_id=run_id,
            node=spec.id,
            node_type=spec.type,
            activation=f"{run_id}/{path}",
            attempts=attempts,
        )
        error.__cause__ = cause
        return error

    def written(self, nodes: Iterable[int]) -> list[Write]:
        """What these nodes wrote, in the order given."""
        return [write for node in nodes for write in self.writes.get(node, ())]

    def add_usage(self, node: int, usage: Usage) -> None:
        """Counts tokens for a node."""
        before = self.usage.get(node)
        self.usage[node] = usage if before is None else before + usage

    def take_late(self, node: int, inner: Frame) -> None:
        """A frame of ``node`` has ended after the node: its failures go to where that of the node is."""
        unhandled = self.node_errors.get(node) in self.errors
        self.handled += inner.handled
        (self.errors if unhandled else self.handled).extend(inner.errors)

    def result(self, index: int, outcome: str) -> FrameResult:
        """How it ended, for the container."""
        outputs = self.outputs(self.scope.sinks) if outcome == "succeeded" else {}
        if outcome != "succeeded":
            self.errors += self.cancelled
        else:
            self.handled += self.cancelled
        if outcome != "succeeded" or self.errors:
            return FrameResult(index, error=self._failure(outcome))
        if not outputs:
            return FrameResult(index)
        if len(outputs) == 1:
            return FrameResult(index, next(iter(outputs.values())), has_output=True)
        return FrameResult(index, outputs, has_output=True)

    def outputs(self, nodes: Iterable[int]) -> dict[str, Any]:
        """Outputs by node id, of those nodes that gave one. What an operation of the kernel passes on is
        looked up only now; if that is not to be had, it is an error of the frame.
        """
        outputs = {}
        for node in nodes:
            try:
                if self.has_output(node):
                    outputs[self.scope.ids[node]] = self.output(node)
            except ValidationError as error:
                self.errors.append(
                    self.node_errors.setdefault(node, self.failure(node, f"failed: {error}", error))
                )
        return outputs

    def _failure(self, outcome: str) -> Exception:
        """Why it failed: of several failures that of the first node, as which came first is up to timing."""
        for node in self.state.compiled.order(self.scope.number):
            error = self.node_errors.get(node)
            if error is not None and any(error is one for one in self.errors):
                return error
        return self.errors[0] if self.errors else WorkflowError(f"{self.path} was {outcome}")


def _part(value: Any, path: Sequence[str], node: str) -> Any:
    """The part of a node's output that an edge carries; a ValidationError if it has no such part."""
    try:
        return follow(value, path, node)
    except KeyError as error:
        raise ValidationError(
            f"the output of {node!r} has no part {'.'.join(path)!r}; an edge asks for it", field="output"
        ) from error
