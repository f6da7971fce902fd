"""Variables that go into a run, and what it left behind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graphbit_core.errors import OutputNotProducedError
from graphbit_core.workflow.template import lookup

if TYPE_CHECKING:
    from graphbit_core.workflow.result import WorkflowResult


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
