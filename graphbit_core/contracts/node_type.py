"""Node types: what a step of a workflow can be."""

from __future__ import annotations

import datetime
import random
import uuid
from collections.abc import AsyncIterator, Awaitable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

from graphbit_core.errors import Finding
from graphbit_core.types.messages import Usage

if TYPE_CHECKING:
    from graphbit_core.host import Resources
    from graphbit_core.workflow.workflow import Workflow


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


@dataclass(frozen=True, slots=True)
class PassOn:
    """The kernel passes the node's input on at once."""


@dataclass(frozen=True, slots=True)
class Frames:
    """Returned by a container: run its workflow once per entry, then call ``resume``.

    Attributes:
        inputs: For each frame what its nodes see by name. An iterator, plain or async, is read one entry
            at a time, as frames end.
        state: What ``resume`` finds as ``context.state``: what the container has to remember until then. A
            node type keeps nothing of a run in itself, as one instance serves all runs.
    """

    inputs: Sequence[Mapping[str, Any]] | Iterator[Mapping[str, Any]] | AsyncIterator[Mapping[str, Any]]
    state: Any = None


@dataclass(frozen=True, slots=True)
class FrameResult:
    """How one frame ended.

    Attributes:
        index: Which of the container's frames, counted from 0 over all that it opened.
        output: Output of the last nodes of its workflow: a value, or a dict by id if several gave one.
        has_output: False if it failed, or if none of its last nodes ran.
        error: Why it failed; None if it succeeded.
    """

    index: int
    output: Any = None
    has_output: bool = False
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Container:
    """What a node that runs a workflow of its own tells about it.

    Attributes:
        workflow: Run once per frame.
        style: How frames are named: ``map`` gives ``each[17]``, ``loop`` gives ``improve#3``,
            ``subworkflow`` the node's id. In a loop, frames also see the variables that earlier ones wrote.
        names: What frames see by name beside what the container's ancestors gave and the run's inputs.
        value: Which of ``names`` a function with one parameter gets where nothing precedes it.
        max_concurrency: Most frames open at once; None: no limit but the run's.
        keep_going: Whether the others go on when a frame has failed.
    """

    workflow: Workflow
    style: Literal["map", "loop", "subworkflow"]
    names: Collection[str] = ()
    value: str | None = None
    max_concurrency: int | None = None
    keep_going: bool = False


class NodeContext(Protocol):
    """What a body sees while it runs. Valid until the body ends.

    Threads:
        The body's own, but for ``emit``, which any thread may call.
    """

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
        """This start of the node: run id, frames and node id, such as ``r1/each[17]/draft``."""
        ...

    @property
    def attempt(self) -> int:
        """Which attempt this is, from 1."""
        ...

    @property
    def idempotency_key(self) -> str:
        """The same for all attempts of this activation, and for no other."""
        ...

    @property
    def state(self) -> Any:
        """In ``resume`` the ``state`` of the Frames that have ended; else None."""
        ...

    @property
    def deadline(self) -> float | None:
        """When this attempt must have ended, as ``time.monotonic`` counts; None: no limit. Where a test moves
        the time it is on the test's clock, so for what is left ask ``remaining()``.
        """
        ...

    def remaining(self) -> float | None:
        """Seconds until the deadline, at least 0, on any thread; None: no limit."""
        ...

    @property
    def streaming(self) -> bool:
        """Whether someone wants events ``llm.delta``; only then is a model asked to stream."""
        ...

    @property
    def inputs(self) -> Mapping[str, Any]:
        """The run's inputs and the variables that ancestors wrote, by name."""
        ...

    @property
    def value(self) -> Any:
        """What came in: the output of the node before; a dict by node name if there are several, a list if
        the node collects. In the first node of a frame the frame's value, in that of a run its inputs.
        """
        ...

    @property
    def is_first(self) -> bool:
        """Whether no node precedes this one in its workflow, or none whose edge is live."""
        ...

    @property
    def has_value(self) -> bool:
        """Whether a node precedes this one, or a frame gives it a value."""
        ...

    @property
    def parents(self) -> Mapping[str, Any]:
        """Outputs of the direct predecessors whose edge is live, by node name, in edge order. One that
        failed stands there with its NodeError if its error edge leads here, or if this node joins
        ``all_settled``.
        """
        ...

    @property
    def parent_ids(self) -> Sequence[str]:
        """Ids of those predecessors, in the same order."""
        ...

    @property
    def ports(self) -> Mapping[str, Any]:
        """Values that arrived at named input ports; a list in edge order where the port collects."""
        ...

    @property
    def given(self) -> Mapping[str, Any]:
        """What ``ports`` holds, and what the frames around this node give by name, such as ``item``."""
        ...

    @property
    def outputs(self) -> Mapping[str, Any]:
        """Outputs of all ancestors that succeeded, by node id and by node name."""
        ...

    def lookup(self, name: str) -> Any:
        """The value of ``name`` or ``name.field.0``: a port, a node, a name of the frame, a variable.

        Raises:
            OutputNotProducedError: That node has no output in this run.
            ValidationError: Nothing is there.
        """
        ...

    def render(self, template: str) -> str:
        """``template`` with each ``{name}`` or ``{node.field}`` replaced once; values are never scanned."""
        ...

    def set_variable(self, name: str, value: Any) -> None:
        """Writes a variable, to be seen when this node has settled; its reducer says what becomes of it."""
        ...

    def emit(self, type: str, data: Mapping[str, Any]) -> None:  # noqa: A002 - the field's name in an event
        """Adds an event (``llm.delta``, ``log``, ``custom``, …) to the run's stream. Any thread may call."""
        ...

    def add_usage(self, usage: Usage) -> None:
        """Counts tokens for this node, once per call of a model.

        Raises:
            BudgetExceededError: The run has used more tokens than it may; it is being stopped.
        """
        ...

    def spend(self, cap: str, amount: float | None = 1, of: str = "") -> None:
        """Counts something else that runs are capped in, such as ``tool_rounds``; see ``RunCaps``.

        Args:
            cap: The field of ``RunCaps``.
            amount: How much; None: nobody knows, as with a model that has no price.
            of: What it was spent on, such as the model, for messages.

        Raises:
            BudgetExceededError: The run has used more than it may; it is being stopped.
            ConfigError: The amount is not known, and there is a cap on it.
        """
        ...

    def now(self) -> datetime.datetime:
        """The time, with UTC as its zone. Its first, second, … call gives the same at every attempt."""
        ...

    def random(self) -> random.Random:
        """A source of random numbers, another one at each call; the same ones at every attempt."""
        ...

    def uuid(self) -> uuid.UUID:
        """A new id at each call; the same ones at every attempt of this activation."""
        ...

    def service(self, name: str) -> Any:
        """Something the executor was given for its bodies, for example ``llm`` or ``embedder``.

        Raises:
            ConfigError: The executor has no service of that name; the message says how to give it one.
        """
        ...


@runtime_checkable
class NodeType(Protocol):
    """Made once per node with the node's settings as keywords; ``run`` is called for every start of the node.
    A class that inherits from this one needs ``graphbit_api`` and ``run``; the rest is what most node types
    want.

    Settings cannot be called ``type``, ``name``, ``id``, or what an option of every node is called, such as
    ``retry`` and ``timeout``: the host refuses such a class.

    Threads:
        A coroutine ``run`` is awaited on the event loop of its run. A plain one is called on a worker thread
        or, if ``inline``, on the event loop. One instance serves all runs, several at once: keep nothing of
        a run in it. The other methods are called when a workflow is compiled or checked.

    Raises:
        ValidationError: A setting is wrong; ``field`` names it.
    """

    graphbit_api: ClassVar[tuple[int, int]]
    inline: bool = False
    """Whether a plain ``run`` is quick and never blocks."""

    def placeholders(self, first: bool) -> Sequence[str]:
        """Names it must be given values of, without braces: ``topic``, ``draft.title``.

        Args:
            first: Whether no node precedes it and no frame gives it a value: all it gets are run inputs.
        """
        return ()

    def operation(self) -> Delay | PassOn | None:
        """The kernel operation it compiles to; then ``run`` is never called. None: ``run`` is the body."""
        return None

    def container(self) -> Container | None:
        """The workflow it runs; then ``run`` may return Frames, and ``resume`` is called after them."""
        return None

    def labels(self) -> Collection[str] | None:
        """Labels of edges that it may choose: none if it never returns a Choice; None: that is not known."""
        return None

    def output_type(self) -> Any:
        """Type of the output, as an annotation; ``Any`` if it is not known."""
        return Any

    def input_type(self, port: str | None) -> Any:
        """Type that an input port takes, as an annotation; ``None`` is the port of edges that name none."""
        return Any

    def check_resources(self, resources: Resources) -> Sequence[Finding]:
        """What is missing outside: a key, a model, a file. Asked by ``validate(resources=True)`` and by
        ``Executor.validate``. Looks only at this machine, shows no secret, and raises nothing.
        """
        return ()

    def run(self, context: NodeContext) -> Any | Awaitable[Any]:
        """The body: returns the node's output, a Choice, or Frames; raises to fail."""
        ...

    def resume(self, context: NodeContext, results: Sequence[FrameResult]) -> Any | Awaitable[Any]:
        """All frames have ended: returns the node's output, a Choice, or more Frames; raises to fail.

        Args:
            context: As ``run`` got it.
            results: The frames opened last, in the order in which they ended; cancelled ones that never
                began may be missing.
        """
        raise NotImplementedError(f"{type(self).__name__} opened frames, but does not say what follows them")
