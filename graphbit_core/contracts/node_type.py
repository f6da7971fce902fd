"""Node types: what a step of a workflow can be."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

from graphbit_core.types.messages import Usage


@dataclass(frozen=True, slots=True)
class Choice:
    """Returned by a body that decides: only edges to the nodes (or labels) in ``targets`` go live.

    ``value`` is what those edges carry and what the node's output is.
    """

    targets: Sequence[str]
    value: Any = None


@dataclass(frozen=True, slots=True)
class Delay:
    """The kernel waits ``seconds`` and passes the node's input on; no thread and no Python is held."""

    seconds: float


class NodeContext(Protocol):
    """What a body sees while it runs. Valid until the body ends."""

    @property
    def run_id(self) -> str:
        """Id of the run."""
        ...

    @property
    def node_id(self) -> str:
        """Id of the node."""
        ...

    @property
    def node_name(self) -> str:
        """Name of the node."""
        ...

    @property
    def activation(self) -> str:
        """``run id/node id``: this start of the node."""
        ...

    @property
    def attempt(self) -> int:
        """Which attempt this is, from 1."""
        ...

    @property
    def deadline(self) -> float | None:
        """When the run must have ended, as ``time.monotonic`` counts; None: no limit."""
        ...

    @property
    def streaming(self) -> bool:
        """Whether someone reads the run's events; only then is a model asked to stream."""
        ...

    @property
    def inputs(self) -> Mapping[str, Any]:
        """The run's inputs and the variables that ancestors wrote, by name."""
        ...

    @property
    def parents(self) -> Mapping[str, Any]:
        """Outputs of the direct predecessors whose edge is live, by node name, in edge order."""
        ...

    @property
    def parent_ids(self) -> Sequence[str]:
        """Ids of those predecessors, in the same order."""
        ...

    @property
    def outputs(self) -> Mapping[str, Any]:
        """Outputs of all ancestors that succeeded, by node id and by node name."""
        ...

    def render(self, template: str) -> str:
        """``template`` with each ``{name}`` or ``{node.field}`` replaced once; values are never scanned."""
        ...

    def set_variable(self, name: str, value: Any) -> None:
        """Writes a variable; it becomes visible when this node has settled."""
        ...

    def emit(self, type: str, data: Mapping[str, Any]) -> None:  # noqa: A002 - the field's name in an event
        """Adds an event (``llm.delta``, ``log``, ``custom``, …) to the run's stream. Any thread may call."""
        ...

    def add_usage(self, usage: Usage) -> None:
        """Counts tokens for this node. Once per call of a model."""
        ...

    def service(self, name: str) -> Any:
        """Something the executor was given for its bodies, for example ``llm`` or ``embedder``.

        Raises:
            ConfigError: The executor has no service of that name; the message says how to give it one.
        """
        ...


@runtime_checkable
class NodeType(Protocol):
    """Made once per node with the node's configuration as keywords; wrong configuration is a
    ValidationError. ``run`` is called for every activation, maybe from several threads at once.

    A coroutine ``run`` is awaited on the event loop. A plain one runs on a worker thread, unless
    ``inline`` says that it is quick and never blocks. A class that inherits from this one needs
    ``graphbit_api`` and ``run``; the rest is what most node types want.
    """

    graphbit_api: ClassVar[tuple[int, int]]
    inline: bool = False

    def placeholders(self, first: bool) -> Sequence[str]:
        """Names it must be given values of, without braces: ``topic``, ``draft.title``.

        Args:
            first: Whether no node precedes it, so that all it gets are run inputs.
        """
        return ()

    def operation(self) -> Delay | None:
        """The kernel operation it compiles to; then ``run`` is never called. None: ``run`` is the body."""
        return None

    def run(self, context: NodeContext) -> Any | Awaitable[Any]:
        """The body: returns the node's output, or a Choice; raises to fail."""
        ...
