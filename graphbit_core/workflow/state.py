"""What a run has produced so far, and what its bodies may see of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from graphbit_core.clock import clock
from graphbit_core.errors import ConfigError
from graphbit_core.host.resources import service_fix
from graphbit_core.types.messages import Usage
from graphbit_core.workflow.frame import Frame, Write
from graphbit_core.workflow.reducers import first_values, fold, reducer
from graphbit_core.workflow.result import NodeReport, NodeReports

if TYPE_CHECKING:
    from graphbit_core.kernel import Run
    from graphbit_core.workflow.activation import Activation
    from graphbit_core.workflow.compiled import Compiled
    from graphbit_core.workflow.spending import Spending

StateRow = tuple[str, float | None, float | None, str | None, int]
"""State, start, settlement, reason and attempts of a node, as the kernel tells them."""
Emit = Callable[[str, "Activation", Mapping[str, Any]], None]
"""Adds a body's event to the run's stream: type, activation, data."""


class RunState:
    """What all frames of one run share. States of nodes are the kernel's.

    Attributes:
        compiled: What runs.
        run: The kernel's state machine.
        run_id: Id of the run.
        seed: Where the random numbers of its bodies start.
        deadline: When it must have ended, as ``clock.monotonic`` counts.
        clock: The clock of the run's event loop.
        streaming: Whether someone wants the pieces of answers.
        emit: Adds an event of a body.
        inputs: What the run was given, with the first values of declared variables.
        root: The frame of the workflow itself.
        variables_written: Whether any body wrote a variable.
        spending: What it has used of its caps; None if it has none.
    """

    def __init__(
        self,
        compiled: Compiled,
        run: Run,
        inputs: Mapping[str, Any],
        services: Mapping[str, Any],
        *,
        run_id: str,
        seed: int,
        deadline: float | None,
    ) -> None:
        self.compiled = compiled
        self.run = run
        self.run_id = run_id
        self.seed = seed
        self.deadline = deadline
        self.clock = clock()
        self.streaming = False
        self.emit: Emit = lambda *_: None
        declared = compiled.variables
        self.inputs: Mapping[str, Any] = {**first_values(declared), **inputs}
        self.variables_written = False
        self.spending: Spending | None = None
        self._reducers = {name: reducer(variable) for name, variable in declared.items()}
        self._services = services
        self._recorded: dict[tuple[str, str], Any] = {}
        self.root = Frame(self, compiled.root)

    def listened(self, emit: Emit, *, streaming: bool) -> None:
        """Someone reads the run's events; what bodies add goes to ``emit``."""
        self.streaming, self.emit = streaming, emit

    def variables_for(self, frame: Frame, node: int) -> Mapping[str, Any]:
        """Inputs and what ancestors wrote, folded in topological order, so that timing has no say."""
        if not self.variables_written:
            return self.inputs
        return fold(self.inputs, self._writes_before(frame, node), self._reducers)

    def _writes_before(self, frame: Frame, node: int) -> list[Write]:
        opener = frame.opener
        before = self._writes_before(opener.frame, opener.node) if opener is not None else []
        ancestors = self.compiled.ancestors(frame.scope.number, node)
        return list(chain(before, frame.earlier, frame.written(ancestors)))

    def variables(self) -> dict[str, Any]:
        """All variables as they are now."""
        return fold(self.inputs, self.root.written(self.compiled.order(0)), self._reducers)

    def record(self, activation: Activation, kind: str, make: Callable[[], Any]) -> Any:
        """A value that a body must find again at its next attempt; the one place a journal has to know of."""
        key = activation.path, kind
        if key not in self._recorded:
            self._recorded[key] = make()
        return self._recorded[key]

    def spend(self, cap: str, amount: float | None, of: str = "") -> None:
        """Counts what a body used; see ``Spending``."""
        if self.spending is not None:
            self.spending.spend(cap, amount, of)

    def service(self, name: str) -> Any:
        """See NodeContext.service."""
        try:
            return self._services[name]
        except KeyError:
            message = f"this executor has no {name!r}; {service_fix(name)}"
            raise ConfigError(message, setting=name) from None

    def reports(self) -> NodeReports:
        """What became of each node of the workflow, in the order they were added."""
        rows = self.run.states()
        return NodeReports(lambda: self._reports(rows))

    def _reports(self, rows: Sequence[StateRow]) -> list[NodeReport]:
        root, reports = self.root, []
        for index, (node, row) in enumerate(zip(root.scope.nodes, rows, strict=True)):
            state, started, settled, reason, attempts = row
            seconds = settled - started if started is not None and settled is not None else None
            usage = root.usage.get(index, Usage())
            error = root.node_errors.get(index)
            reports.append(
                NodeReport(
                    node.id, node.name, node.type, state, seconds, usage, reason, error, attempts=attempts
                )
            )
        return reports
