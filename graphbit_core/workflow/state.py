"""What a run has produced so far, and what its bodies may see of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from graphbit_core.errors import ConfigError, NodeError
from graphbit_core.workflow.result import NodeReport

if TYPE_CHECKING:
    from graphbit_core.kernel import Run
    from graphbit_core.workflow.compile import Compiled
    from graphbit_core.workflow.context import Activation

Emit = Callable[[str, int, Mapping[str, Any]], None]
"""Adds a body's event to the run's stream: type, index of the node, data."""


class RunState:
    """Values, variables and errors of one run; states are the kernel's.

    Attributes:
        compiled: What runs.
        run_id: Id of the run.
        deadline: When it must have ended, as ``time.monotonic`` counts.
        streaming: Whether someone reads its events.
        emit: Adds an event of a body.
        values: Output per node that succeeded, by index.
        activations: What was started, by index of the node.
        node_errors: Why nodes failed, by index.
        variables_written: Whether any body wrote a variable.
    """

    def __init__(
        self,
        compiled: Compiled,
        run: Run,
        inputs: Mapping[str, Any],
        services: Mapping[str, Any],
        *,
        run_id: str,
        deadline: float | None,
        emit: Emit | None,
    ) -> None:
        self.compiled = compiled
        self.run_id = run_id
        self.deadline = deadline
        self.streaming = emit is not None
        self.emit: Emit = emit or (lambda *_: None)
        self.values: dict[int, Any] = {}
        self.activations: dict[int, Activation] = {}
        self.node_errors: dict[int, NodeError] = {}
        self.variables_written = False
        self._run = run
        self._inputs = dict(inputs)
        self._services = services
        self._ancestors: dict[int, frozenset[int]] = {}

    def has_output(self, index: int) -> bool:
        """Whether a node succeeded."""
        if index in self.values:
            return True
        # Kernel operations have no value of their own: they pass on what they got.
        return index in self.compiled.operations and self.state_of(index) == "succeeded"

    def output(self, index: int) -> Any:
        """The output of a node that succeeded."""
        if index not in self.values:
            parents = self.parent_outputs(index)
            self.values[index] = next(iter(parents.values())) if len(parents) == 1 else parents or None
        return self.values[index]

    def state_of(self, index: int) -> str:
        """The state of a node, as the kernel has it."""
        return self._run.state(index)

    def parent_outputs(self, index: int) -> dict[str, Any]:
        """Outputs of live predecessors by name, in edge order."""
        return {self.compiled.names[p]: self.output(p) for p in self._run.live_parents(index)}

    def parent_ids(self, index: int) -> list[str]:
        """Ids of live predecessors, in edge order."""
        return [self.compiled.ids[p] for p in self._run.live_parents(index)]

    def ancestors(self, index: int) -> frozenset[int]:
        """All nodes before one."""
        known = self._ancestors.get(index)
        if known is None:
            known = self._ancestors[index] = frozenset(self.compiled.plan.ancestors(index))
        return known

    def variables_for(self, index: int) -> Mapping[str, Any]:
        """Inputs and what ancestors wrote, folded in topological order, so that timing has no say."""
        if not self.variables_written:
            return self._inputs
        ancestors = self.ancestors(index)
        return self.fold([i for i in self.compiled.plan.order() if i in ancestors])

    def fold(self, order: list[int]) -> dict[str, Any]:
        """Inputs, and what the nodes in ``order`` wrote, the later ones over the earlier ones."""
        variables = dict(self._inputs)
        for index in order:
            if index in self.values and index in self.activations:
                variables.update(self.activations[index].writes)
        return variables

    def service(self, name: str) -> Any:
        """See NodeContext.service."""
        try:
            return self._services[name]
        except KeyError:
            raise ConfigError(
                f"this executor has no {name!r}; give it one: Executor(services={{{name!r}: …}})"
                + (", or Executor('provider:model'), or --model provider:model" if name == "llm" else ""),
                setting=name,
            ) from None

    def reports(self) -> list[NodeReport]:
        """What became of each node, in the order they were added."""
        reports = []
        for index, (node, row) in enumerate(zip(self.compiled.nodes, self._run.states(), strict=True)):
            state, started, settled, reason = row
            seconds = settled - started if started is not None and settled is not None else None
            usage = {"usage": a.usage} if (a := self.activations.get(index)) else {}
            error = self.node_errors.get(index)
            reports.append(
                NodeReport(node.id, node.name, node.type, state, seconds, reason=reason, error=error, **usage)
            )
        return reports
