"""Subworkflow: runs a workflow as one node of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from graphbit_core.contracts import API_VERSION
from graphbit_core.contracts.node_type import Container, FrameResult, Frames, NodeContext, NodeType
from graphbit_core.errors import OutputNotProducedError, ValidationError
from graphbit_core.nodes.settings import require_workflow
from graphbit_core.workflow.template import fill, names_in

if TYPE_CHECKING:
    from graphbit_core.workflow.workflow import Workflow

_VALUE = "value"


class SubworkflowNode(NodeType):
    """Runs ``body`` once. It sees its ``inputs``, ``value`` (what came in), what comes before the node, and
    the run's inputs. Texts in ``inputs`` are templates; one that is a single ``{name}`` gives the value
    itself.
    """

    graphbit_api: ClassVar[tuple[int, int]] = API_VERSION
    inline = True

    def __init__(self, *, body: Workflow, inputs: Mapping[str, Any] | None = None) -> None:
        require_workflow("body", body)
        if not isinstance(inputs, Mapping | None):
            raise ValidationError(
                f"inputs is {inputs!r:.80}; give a mapping of names to values", field="inputs"
            )
        self._inputs = dict(inputs or {})
        self._container = Container(body, "subworkflow", (_VALUE, *self._inputs), _VALUE)

    def container(self) -> Container:
        """The body, and what it sees."""
        return self._container

    def placeholders(self, first: bool) -> Sequence[str]:
        """Names in its inputs."""
        return names_in(self._inputs)

    def labels(self) -> Sequence[str]:
        """It never chooses."""
        return ()

    def run(self, context: NodeContext) -> Frames:
        """The one frame."""
        return Frames([{_VALUE: context.value, **fill(self._inputs, context.lookup)}])

    def resume(self, context: NodeContext, results: Sequence[FrameResult]) -> Any:
        """What the last nodes of the body gave."""
        (result,) = results
        if result.error is not None:
            raise result.error
        if not result.has_output:
            problem = "its workflow gave no output: the last nodes were all skipped"
            raise OutputNotProducedError(problem, run_id=context.run_id, node=context.node_id)
        return result.output
