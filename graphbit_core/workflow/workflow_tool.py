"""A workflow as a tool: what an agent of one workflow may ask another one for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from graphbit_core.contracts import API_VERSION
from graphbit_core.contracts.tool import ToolOptions
from graphbit_core.errors import ConfigError, ValidationError
from graphbit_core.tools.context import ToolContext, current_tool_context
from graphbit_core.tools.decorator import checked_name, checked_options
from graphbit_core.tools.shapes import Shapes, convert_fields
from graphbit_core.types.messages import ToolSpec

if TYPE_CHECKING:
    from graphbit_core.workflow.executor import Executor
    from graphbit_core.workflow.workflow import Workflow


class WorkflowTool:
    """Runs ``workflow`` for each call, inside the run that calls it: cancelled with it, its tokens counted
    there. A run that fails is a failure of the tool, told to the model. An agent as a tool is a workflow of
    one agent.

    Args:
        workflow: What runs. Its inputs are the tool's parameters.
        name: What the model calls it; default: made from the workflow's name.
        description: What the model is told; default: the workflow's description.
        executor: What runs it; default: an executor with the model and the host of the calling run.
        types: Type hints of inputs, by name; the others are text.
        options: How the tool is called.

    Raises:
        ValidationError: The workflow has faults, there is no description, or ``types`` names no input.
    """

    graphbit_api: ClassVar[tuple[int, int]] = API_VERSION

    def __init__(
        self,
        workflow: Workflow,
        name: str | None = None,
        description: str | None = None,
        *,
        executor: Executor | None = None,
        types: Mapping[str, Any] | None = None,
        options: ToolOptions = ToolOptions(),
    ) -> None:
        self._workflow = workflow
        self._executor = executor
        self.options = checked_options(options)
        text = description or workflow.description
        if not text:
            raise ValidationError(
                f"the workflow {workflow.name!r} has no description; a model reads it", field="description"
            )
        shapes = Shapes()
        inputs = workflow.compile(executor.host if executor else None).inputs
        self._inputs = {key: shapes.of((types or {}).get(key, str), f"input {key!r}") for key in inputs}
        if unknown := sorted((types or {}).keys() - self._inputs):
            raise ValidationError(f"types names {unknown}; the inputs are {list(inputs)}", field="types")
        schema = {
            "type": "object",
            "properties": {key: shape.schema for key, shape in self._inputs.items()},
            "required": list(inputs),
            "additionalProperties": False,
        }
        name = name or re.sub(r"[^A-Za-z0-9_-]+", "_", workflow.name)[:64]
        self.spec = ToolSpec(checked_name(name), text, shapes.with_defs(schema))

    async def call(self, arguments: Mapping[str, Any]) -> Any:
        """The output of a run with these inputs.

        Raises:
            WorkflowError: The run failed.
        """
        context = current_tool_context() or ToolContext()
        inputs = convert_fields(self._inputs, arguments)
        result = await (self._executor or _executor_of(context)).run_async(self._workflow, inputs)
        context.add_usage(result.usage)
        return result.raise_for_failure().output

    def __repr__(self) -> str:
        return f"WorkflowTool({self.spec.name!r})"


def _executor_of(context: ToolContext) -> Executor:
    """An executor with what the calling run has. Bodies see its deadline, a little later than that of
    the call: the caller is the one who ends the run and says so.
    """
    from graphbit_core.workflow.executor import Executor

    services: dict[str, Any] = {}
    for name in _HANDED_ON:
        with suppress(ConfigError):  # the calling run has none
            services[name] = context.service(name)
    left = context.remaining()
    timeout = None if left is None else left + _LATER
    return Executor(host=services.pop("host", None), timeout_seconds=timeout, services=services)


_LATER = 0.25
"""By how much, in seconds."""


_HANDED_ON = ("host", "llm", "embedder", "store", "approve")
"""Services of the calling run that a workflow without an executor of its own gets."""
