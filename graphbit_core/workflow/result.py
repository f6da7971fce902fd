"""What a run gives at its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from graphbit_core.errors import NodeError, OutputNotProducedError, WorkflowError
from graphbit_core.types.messages import Usage


@dataclass(frozen=True, slots=True)
class NodeReport:
    """What became of one node.

    Attributes:
        id: Its id.
        name: Its name.
        type: Its node type.
        state: ``succeeded``, ``failed``, ``skipped`` or ``cancelled``.
        seconds: Time from start to settlement; None if it never started.
        usage: Tokens it used.
        reason: Why it was skipped: ``not_chosen``, ``upstream_skipped``, ``upstream_failed``, …
        error: Why it failed, also if that was handled.
        attempts: How often it was started.
    """

    id: str
    name: str
    type: str
    state: str
    seconds: float | None = None
    usage: Usage = Usage()
    reason: str | None = None
    error: NodeError | None = None
    attempts: int = 0


class NodeReports(Sequence[NodeReport]):
    """The reports of a run, made when they are asked for: most runs are only asked for their output."""

    def __init__(self, make: Callable[[], list[NodeReport]]) -> None:
        self._make = make

    @cached_property
    def _reports(self) -> list[NodeReport]:
        return self._make()

    def __len__(self) -> int:
        return len(self._reports)

    def __getitem__(self, index: Any) -> Any:
        return self._reports[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self._reports)

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (self._reports,)


@dataclass(frozen=True)
class WorkflowResult:
    """The end of a run. ``state`` is ``succeeded`` only if every node that had to run did.

    Attributes:
        run_id: Id of the run.
        state: ``succeeded``, ``succeeded_degraded`` (something failed, and the workflow says what is to
            happen then), ``failed`` or ``cancelled``.
        nodes: A report per node, in the order they were added.
        outputs: Output per node id, of the nodes that succeeded.
        variables: Inputs and variables at the end.
        errors: Every failure that nobody handled, in order of occurrence.
        handled: Every failure that the workflow took care of, in the same order.
        seconds: How long it took.
        nodes_run: How many bodies were started, those in frames and further attempts included.
        retries: How many of them were attempts after the first.
        abandoned: Nodes (``each[17]/draft`` in a frame) whose plain function still ran when the run ended,
            which cannot be stopped, or whose coroutine ignored its cancellation.
        reason: Why it was cancelled: ``drained`` with its executor; None where a body cancelled itself.
    """

    run_id: str
    state: str
    nodes: Sequence[NodeReport]
    outputs: Mapping[str, Any]
    variables: Mapping[str, Any]
    errors: Sequence[WorkflowError | Exception] = ()
    handled: Sequence[WorkflowError | Exception] = ()
    seconds: float = 0.0
    nodes_run: int = 0
    retries: int = 0
    abandoned: Sequence[str] = ()
    reason: str | None = None
    sinks: Sequence[str] = field(default=(), repr=False)

    def __repr__(self) -> str:
        # Short, because event loops and loggers show what a task returned; outputs may be large or private.
        return f"WorkflowResult({self.state}, run_id={self.run_id!r}, {self.nodes_run} nodes run)"

    def is_success(self) -> bool:
        """Whether the run succeeded, degraded or not."""
        return self.state in ("succeeded", "succeeded_degraded")

    def is_degraded(self) -> bool:
        """Whether it succeeded although something failed; ``handled`` says what."""
        return self.state == "succeeded_degraded"

    def is_failed(self) -> bool:
        """Whether the run did not succeed: it failed or was cancelled."""
        return not self.is_success()

    @property
    def unfinished(self) -> list[str]:
        """Ids of the nodes that a cancellation broke off, or kept from running; a container is one of them if
        some of its body was. They are what is left to do of a run whose ``reason`` is ``drained``.
        """
        return [
            node.id
            for node in self.nodes
            if node.state == "cancelled" or (node.state == "skipped" and node.reason == "cancelled")
        ]

    @property
    def error(self) -> BaseException | None:
        """The first failure."""
        return self.errors[0] if self.errors else None

    @property
    def usage(self) -> Usage:
        """Tokens of all nodes together."""
        return sum((node.usage for node in self.nodes), Usage())

    @property
    def output(self) -> Any:
        """Output of the last node; a dict by id where several nodes end the workflow.

        Raises:
            OutputNotProducedError: No node that ends the workflow succeeded.
        """
        produced = {node_id: self.outputs[node_id] for node_id in self.sinks if node_id in self.outputs}
        if not produced:
            raise OutputNotProducedError(
                f"run {self.run_id} {self.state} and its last nodes gave no output: {self.error}",
                run_id=self.run_id,
                errors=list(self.errors),
            ) from self.error
        return next(iter(produced.values())) if len(produced) == 1 else produced

    def get_node_output(self, name_or_id: str) -> Any:
        """Output of one node.

        Raises:
            OutputNotProducedError: The node did not succeed, or there is none of that name.
        """
        for node in self.nodes:
            if name_or_id in (node.id, node.name):
                if node.id in self.outputs:
                    return self.outputs[node.id]
                why = f"it {node.state}" + (f" ({node.reason})" if node.reason else "")
                raise OutputNotProducedError(
                    f"node {name_or_id!r} gave no output: {why}", run_id=self.run_id, node=node.id
                ) from node.error
        known = ", ".join(node.id for node in self.nodes)
        raise OutputNotProducedError(f"no node {name_or_id!r}; the run has: {known}", run_id=self.run_id)

    def get_all_node_outputs(self) -> dict[str, Any]:
        """Output per node id, of the nodes that succeeded."""
        return dict(self.outputs)

    def get_variable(self, name: str, default: Any = None) -> Any:
        """An input or variable."""
        return self.variables.get(name, default)

    def execution_time_ms(self) -> float:
        """How long the run took, in milliseconds."""
        return self.seconds * 1000

    def raise_for_failure(self) -> WorkflowResult:
        """Returns the result of a run that succeeded; raises the first failure of one that did not.

        All failures are in ``errors`` of what is raised.
        """
        if self.is_success():
            return self
        if isinstance(self.error, WorkflowError):
            raise self.error
        message = f"run {self.run_id} {self.state}"
        raise WorkflowError(message, run_id=self.run_id, errors=list(self.errors)) from self.error
