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

    run_id: str
    node_id: str
    node_name: str
    activation: str
    attempt: int
    deadline: float | None
    """Monotonic time (``time.monotonic``) at which the run must have ended; None: no limit."""

    inputs: Mapping[str, Any]
    """The run's inputs and variables, by name."""
    parents: Mapping[str, Any]
    """Outputs of the direct predecessors whose edges are live, by node name, in edge order."""
    outputs: Mapping[str, Any]
    """Outputs of all ancestors that succeeded, by node id and by node name."""

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
    ``inline`` says that it is quick and never blocks.
    """

    graphbit_api: ClassVar[tuple[int, int]]
    inline: ClassVar[bool]

    def __init__(self, **config: Any) -> None: ...

    def placeholders(self) -> Sequence[str]:
        """Names that its templates mention, without braces: ``topic``, ``draft.title``."""
        ...

    def operation(self) -> Delay | None:
        """The kernel operation it compiles to; then ``run`` is never called. None: ``run`` is the body."""
        ...

    def run(self, context: NodeContext) -> Any | Awaitable[Any]:
        """The body: returns the node's output, or a Choice; raises to fail."""
        ...
