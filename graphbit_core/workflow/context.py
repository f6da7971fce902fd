"""What users and bodies see of a run: WorkflowContext outside, Activation inside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from graphbit_core.errors import OutputNotProducedError, ValidationError
from graphbit_core.types.messages import Usage
from graphbit_core.workflow.template import lookup, render

if TYPE_CHECKING:
    from graphbit_core.workflow.result import WorkflowResult
    from graphbit_core.workflow.state import RunState


class WorkflowContext:
    """Variables that go into a run, and what the run left behind; may be used for the next run.

    Args:
        variables: The first variables.
    """

    def __init__(self, variables: Mapping[str, Any] | None = None) -> None:
        self._variables: dict[str, Any] = dict(variables or {})
        self._result: WorkflowResult | None = None

    def set_variable(self, name: str, value: Any) -> None:
        """Sets a variable; the next run sees it."""
        self._variables[name] = value

    def get_variable(self, name: str, default: Any = None) -> Any:
        """A variable."""
        return self._variables.get(name, default)

    @property
    def variables(self) -> dict[str, Any]:
        """All variables, as a copy."""
        return dict(self._variables)

    @property
    def state(self) -> str:
        """``pending`` before the first run, then the state of the last one."""
        return self._result.state if self._result else "pending"

    def get_node_output(self, name_or_id: str) -> Any:
        """Output of a node in the last run.

        Raises:
            OutputNotProducedError: There was no run, or the node gave no output in it.
        """
        return self._last().get_node_output(name_or_id)

    def get_nested_output(self, path: str) -> Any:
        """A part of a node's output in the last run: ``node.field.0``.

        Raises:
            OutputNotProducedError: Nothing is there.
        """
        root, _, rest = path.partition(".")
        value = self._last().get_node_output(root)
        try:
            return lookup(f"value.{rest}" if rest else "value", {"value": value})
        except KeyError as error:
            raise OutputNotProducedError(
                f"node {root!r} gave an output without {rest!r}", node=root
            ) from error

    def _last(self) -> WorkflowResult:
        if self._result is None:
            raise OutputNotProducedError("no run has used this context yet")
        return self._result

    def take(self, result: WorkflowResult) -> None:
        """Remembers a run; the executor calls this."""
        self._result = result
        self._variables.update(result.variables)


class Ancestors(Mapping[str, Any]):
    """Outputs of the ancestors of one node, by id and by name; made on look-up, nothing is copied."""

    __slots__ = ("_node", "_state")

    def __init__(self, state: RunState, node: int) -> None:
        self._state = state
        self._node = node

    def _find(self, key: str) -> int | None:
        index = self._state.compiled.index.get(key)
        if index is None or not self._state.has_output(index):
            return None
        return index if index in self._state.ancestors(self._node) else None

    def __getitem__(self, key: str) -> Any:
        index = self._find(key)
        if index is None:
            raise KeyError(key)
        return self._state.output(index)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._find(key) is not None

    def __iter__(self) -> Iterator[str]:
        return (key for key in self._state.compiled.index if key in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Activation:
    """One start of one node; the NodeContext that its body gets."""

    __slots__ = ("_inputs", "_parents", "_state", "index", "usage", "writes")

    attempt = 1

    def __init__(self, state: RunState, index: int) -> None:
        self._state = state
        self.index = index
        self.writes: dict[str, Any] = {}
        self.usage = Usage()
        self._parents: dict[str, Any] | None = None
        self._inputs: Mapping[str, Any] | None = None

    @property
    def run_id(self) -> str:
        """Id of the run."""
        return self._state.run_id

    @property
    def node_id(self) -> str:
        """Id of the node."""
        return self._state.compiled.ids[self.index]

    @property
    def node_name(self) -> str:
        """Name of the node."""
        return self._state.compiled.names[self.index]

    @property
    def activation(self) -> str:
        """``run id/node id``."""
        return f"{self.run_id}/{self.node_id}"

    @property
    def deadline(self) -> float | None:
        """When the run must have ended, on the monotonic clock."""
        return self._state.deadline

    @property
    def streaming(self) -> bool:
        """Whether someone reads the run's events."""
        return self._state.streaming

    @property
    def inputs(self) -> Mapping[str, Any]:
        """Run inputs, and variables that ancestors wrote."""
        if self._inputs is None:
            self._inputs = self._state.variables_for(self.index)
        return self._inputs

    @property
    def parents(self) -> Mapping[str, Any]:
        """Outputs of the direct predecessors whose edge is live, by name."""
        if self._parents is None:
            self._parents = self._state.parent_outputs(self.index)
        return self._parents

    @property
    def parent_ids(self) -> Sequence[str]:
        """Ids of those predecessors, in the same order."""
        return self._state.parent_ids(self.index)

    @property
    def outputs(self) -> Mapping[str, Any]:
        """Outputs of all ancestors, by id and by name."""
        return Ancestors(self._state, self.index)

    def render(self, template: str) -> str:
        """Fills a template; see ``graphbit_core.workflow.template``."""
        return render(template, self._resolve)

    def _resolve(self, name: str) -> Any:
        root = name.split(".")[0]
        index = self._state.compiled.index.get(root)
        if index == self.index:
            index = None
        if index is not None and not self._state.has_output(index):
            state = self._state.state_of(index)
            raise OutputNotProducedError(
                f"{{{name}}} has no value: node {root!r} {state}; use {{{root}}} only where it always runs, "
                "or leave it out: an agent is given what its live predecessors gave",
                run_id=self.run_id,
                node=root,
            )
        try:
            return lookup(name, self.outputs if index is not None else self.inputs)
        except KeyError as error:
            raise ValidationError(
                f"{{{name}}} has no value: there is no {error.args[0]!r}", field=name
            ) from None

    def set_variable(self, name: str, value: Any) -> None:
        """Writes a variable, to be seen once this node has settled."""
        self.writes[name] = value
        self._state.variables_written = True

    def emit(self, type: str, data: Mapping[str, Any]) -> None:  # noqa: A002
        """Adds an event to the run's stream."""
        self._state.emit(type, self.index, dict(data))

    def add_usage(self, usage: Usage) -> None:
        """Counts tokens."""
        self.usage = self.usage + usage

    def service(self, name: str) -> Any:
        """Something the executor was given."""
        return self._state.service(name)
