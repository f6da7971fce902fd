"""One attempt at one node: the NodeContext that its body gets."""

from __future__ import annotations

import datetime
import hashlib
import random
import uuid
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from graphbit_core.errors import NodeError, OutputNotProducedError, ValidationError
from graphbit_core.types.messages import Usage
from graphbit_core.workflow.template import follow, render

if TYPE_CHECKING:
    from graphbit_core.workflow.compiled import CompiledEdge
    from graphbit_core.workflow.frame import Frame, Write


NO_USAGE = Usage()
_NO_PORTS: Mapping[str, Any] = MappingProxyType({})
_NO_FAILURES: Mapping[int, NodeError] = MappingProxyType({})


class Ancestors(Mapping[str, Any]):
    """Outputs of the ancestors of one node, by id and by name, those of the containers around it included;
    made on look-up, nothing is copied.
    """

    __slots__ = ("_activation",)

    def __init__(self, activation: Activation) -> None:
        self._activation = activation

    def __getitem__(self, key: str) -> Any:
        found = self._find(key)
        if found is None:
            raise KeyError(key)
        frame, node = found
        return frame.output(node)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._find(key) is not None

    def __iter__(self) -> Iterator[str]:
        names = {name: None for frame, _ in self._activation.surroundings() for name in frame.scope.index}
        return (name for name in names if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _find(self, key: str) -> tuple[Frame, int] | None:
        found = self._activation.find_node(key)
        if found is None or not found[0].has_output(found[1]):
            return None
        return found if self._activation.comes_after(*found) else None


class Activation:
    """One attempt at one node."""

    __slots__ = (
        "_asked",
        "_edges",
        "_inputs",
        "_ports",
        "attempt",
        "body",
        "deadline",
        "ended",
        "frame",
        "id",
        "node",
        "stage",
        "state",
        "usage",
        "writes",
    )

    def __init__(
        self, frame: Frame, node: int, body: int, stage: str, attempt: int, deadline: float | None
    ) -> None:
        self.frame = frame
        self.node = node
        self.id = frame.number << 24 | node
        self.body = body
        """The node whose body runs: another one where that has taken over."""
        self.stage = stage
        self.attempt = attempt
        self.deadline = deadline
        self.ended = False
        """Whether it has been settled; what comes later of it is ignored."""
        self.writes: list[Write] = []
        self.usage = NO_USAGE
        self.state: Any = None
        """See NodeContext.state."""
        self._asked: dict[str, int] = {}
        """How often this attempt asked for the time, for random numbers and for ids."""
        self._edges: Sequence[CompiledEdge] | None = None
        self._ports: Mapping[str, Any] | None = None
        self._inputs: Mapping[str, Any] | None = None

    def again(self, stage: str) -> Activation:
        """The same attempt at another stage; what still comes of this one is ignored."""
        self.ended = True
        other = Activation(self.frame, self.node, self.body, stage, self.attempt, self.deadline)
        other.writes, other.usage, other._asked = self.writes, self.usage, self._asked
        return other

    # --- who it is -------------------------------------------------------------------------------

    @property
    def run_id(self) -> str:
        """Id of the run."""
        return self.frame.state.run_id

    @property
    def node_id(self) -> str:
        """Id of the node."""
        return self.frame.scope.ids[self.node]

    @property
    def node_name(self) -> str:
        """Name of the node."""
        return self.frame.scope.names[self.node]

    @property
    def path(self) -> str:
        """Its place in the run: ``each[17]/draft``."""
        return f"{self.frame.path}/{self.node_id}" if self.frame.path else self.node_id

    @property
    def activation(self) -> str:
        """See NodeContext.activation."""
        return f"{self.run_id}/{self.path}"

    @property
    def idempotency_key(self) -> str:
        """See NodeContext.idempotency_key."""
        return hashlib.sha256(self.activation.encode()).hexdigest()[:32]

    def remaining(self) -> float | None:
        """See NodeContext.remaining."""
        at = self.deadline
        return None if at is None else max(0.0, at - self.frame.state.clock.monotonic())

    @property
    def streaming(self) -> bool:
        """See NodeContext.streaming."""
        return self.frame.state.streaming

    # --- what came in ----------------------------------------------------------------------------

    @property
    def inputs(self) -> Mapping[str, Any]:
        """Run inputs, and variables that ancestors wrote."""
        if self._inputs is None:
            self._inputs = self.frame.state.variables_for(self.frame, self.node)
        return self._inputs

    @property
    def _live(self) -> Sequence[CompiledEdge]:
        if self._edges is None:
            self._edges = self.frame.live_edges(self.node)
        return self._edges

    @property
    def value(self) -> Any:
        """See NodeContext.value."""
        if self.stage == "compensate":
            return self.frame.output(self.node)
        if self._failures():
            return dict(self.parents)
        return self.frame.arrived(self.node, self._live)

    @property
    def is_first(self) -> bool:
        """See NodeContext.is_first."""
        return not self._live and not self._failures()

    @property
    def has_value(self) -> bool:
        """See NodeContext.has_value."""
        if self._live or self.stage == "compensate" or self._failures():
            return True
        container = self.frame.scope.container
        return container is not None and container.value is not None

    @property
    def parents(self) -> Mapping[str, Any]:
        """See NodeContext.parents."""
        return {name: value for name, (_, value) in self._arrivals().items()}

    @property
    def parent_ids(self) -> Sequence[str]:
        """Ids of the predecessors in ``parents``, in the same order."""
        return [node_id for node_id, _ in self._arrivals().values()]

    def _arrivals(self) -> dict[str, tuple[str, Any]]:
        """Id and value by name; with the part behind it, where an edge carries only that."""
        ids, names = self.frame.scope.ids, self.frame.scope.names
        arrived = {
            ".".join((names[edge.source], *edge.output)): (ids[edge.source], self.frame.carried(edge))
            for edge in self._live
        }
        failed = {names[source]: (ids[source], error) for source, error in self._failures().items()}
        return arrived | failed

    def _failures(self) -> Mapping[int, NodeError]:
        if self.node not in self.frame.scope.joins_settled:
            return _NO_FAILURES
        return self.frame.failures_at(self.node)

    @property
    def ports(self) -> Mapping[str, Any]:
        """See NodeContext.ports."""
        if self._ports is None:
            has_ports = self.node in self.frame.scope.has_ports
            self._ports = self.frame.ports(self.node, self._live) if has_ports else _NO_PORTS
        return self._ports

    @property
    def given(self) -> Mapping[str, Any]:
        """See NodeContext.given."""
        opener = self.frame.opener
        if opener is None:
            return self.ports
        if not self.ports and opener.frame.opener is None:
            return self.frame.given
        around = [frame.given for frame, _ in self.surroundings()]
        return ChainMap(dict(self.ports), *(dict(given) for given in around))

    @property
    def outputs(self) -> Mapping[str, Any]:
        """Outputs of all ancestors, by id and by name."""
        return Ancestors(self)

    # --- names -----------------------------------------------------------------------------------

    def surroundings(self) -> Iterator[tuple[Frame, int]]:
        """The frames it can see into, from its own outwards, each with the node that is within it."""
        within: Activation | None = self
        while within is not None:
            yield within.frame, within.node
            within = within.frame.opener

    def find_node(self, name: str) -> tuple[Frame, int] | None:
        """The node of that id or name that it means: the innermost, never the one it is within."""
        for frame, within in self.surroundings():
            node = frame.scope.index.get(name)
            if node is not None and node != within:
                return frame, node
            if name in frame.given:
                return None
        return None

    def comes_after(self, frame: Frame, node: int) -> bool:
        """Whether a node that it sees is an ancestor of it, or of the container it is in."""
        within = next(within for around, within in self.surroundings() if around is frame)
        return node in frame.state.compiled.ancestors(frame.scope.number, within)

    def lookup(self, name: str) -> Any:
        """See NodeContext.lookup."""
        root, *path = name.split(".")
        value = self._root(root, name)
        try:
            return follow(value, path, root)
        except KeyError as error:
            raise ValidationError(
                f"{{{name}}} has no value: there is no {error.args[0]!r}", field=name
            ) from None

    def _root(self, root: str, name: str) -> Any:
        if root in self.ports:
            return self.ports[root]
        found = self.find_node(root)
        if found is not None:
            return self._output_of(*found, name)
        for frame, _ in self.surroundings():
            if root in frame.given:
                return frame.given[root]
        if root not in self.inputs:
            raise ValidationError(f"{{{name}}} has no value: there is no {root!r}", field=name)
        return self.inputs[root]

    def _output_of(self, frame: Frame, node: int, name: str) -> Any:
        if frame.has_output(node):
            return frame.output(node)
        for edge in self._live:  # a failure that was routed here stands for the output
            if edge.kind == "error" and frame is self.frame and edge.source == node:
                return frame.carried(edge)
        root = name.split(".")[0]
        raise OutputNotProducedError(
            f"{{{name}}} has no value: node {root!r} {frame.state_of(node)}; use {{{root}}} only where it "
            "always runs, or leave it out: an agent is given what its live predecessors gave",
            run_id=self.run_id,
            node=root,
        )

    def render(self, template: str) -> str:
        """Fills a template; see ``graphbit_core.workflow.template``."""
        return render(template, self.lookup)

    # --- what it does ----------------------------------------------------------------------------

    def set_variable(self, name: str, value: Any) -> None:
        """Writes a variable, to be seen once this node has settled."""
        if not isinstance(name, str):
            raise ValidationError(f"a variable's name is text, not {type(name).__name__}", field="name")
        self.writes.append((name, value))
        self.frame.state.variables_written = True

    def emit(self, type: str, data: Mapping[str, Any]) -> None:  # noqa: A002
        """Adds an event to the run's stream."""
        self.frame.state.emit(type, self, dict(data))

    def add_usage(self, usage: Usage) -> None:
        """Counts tokens."""
        self.usage = usage if self.usage is NO_USAGE else self.usage + usage
        self.spend("tokens", usage.total_tokens)

    def spend(self, cap: str, amount: float | None = 1, of: str = "") -> None:
        """See NodeContext.spend."""
        self.frame.state.spend(cap, amount, of)

    def now(self) -> datetime.datetime:
        """The time, with UTC as its zone."""
        now: datetime.datetime = self._recorded("now", self._wall)
        return now

    def _wall(self) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(self.frame.state.clock.wall(), datetime.UTC)

    def random(self) -> random.Random:
        """See NodeContext.random."""
        seed = self._recorded(
            "random", lambda: f"{self.frame.state.seed}/{self.path}/{self._asked['random']}"
        )
        return random.Random(seed)  # noqa: S311 - repeatable by purpose

    def uuid(self) -> uuid.UUID:
        """See NodeContext.uuid."""
        return uuid.UUID(self._recorded("uuid", lambda: str(uuid.uuid4())))

    def _recorded(self, kind: str, make: Callable[[], Any]) -> Any:
        """A value that this attempt is given as the n-th of its kind, and each later attempt as well."""
        self._asked[kind] = number = self._asked.get(kind, 0) + 1
        stage = "compensate/" if self.stage == "compensate" else ""
        return self.frame.state.record(self, f"{stage}{kind}/{number}", make)

    def service(self, name: str) -> Any:
        """Something the executor was given."""
        return self.frame.state.service(name)
