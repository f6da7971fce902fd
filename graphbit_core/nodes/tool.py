"""Tool: calls one tool with arguments that the workflow gives."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from graphbit_core.contracts import API_VERSION
from graphbit_core.contracts.node_type import NodeContext, NodeType
from graphbit_core.errors import Finding, ValidationError
from graphbit_core.nodes.tools import CutOff, GivenTools, ToolRef, caller_of
from graphbit_core.tools.call import BoundTool
from graphbit_core.tools.schema import refuse_others
from graphbit_core.types.json_form import to_json
from graphbit_core.types.messages import ToolCall
from graphbit_core.workflow.template import fill, names_in

if TYPE_CHECKING:
    from graphbit_core.host import Resources


class ToolNode(NodeType):
    """Calls a tool; the output is what it returns. A failure of the tool fails the node.

    In ``arguments``, texts are templates; one that is a single placeholder stands for the value itself.
    """

    graphbit_api: ClassVar[tuple[int, int]] = API_VERSION
    inline = True

    def __init__(self, *, tool: ToolRef, arguments: Mapping[str, Any] | None = None) -> None:
        if not isinstance(arguments, Mapping | None):
            raise ValidationError(f"arguments is {arguments!r:.80}; give a mapping", field="arguments")
        self._given = GivenTools([tool], "tool")
        self._arguments = dict(arguments or {})
        self._cut_off = CutOff()
        if not self._given.names:
            spec = self._ready.tool.spec
            refuse_others(spec.name, spec.parameters, self._arguments)

    @cached_property
    def _ready(self) -> BoundTool:
        return BoundTool(self._given.ready[0])

    def placeholders(self, first: bool) -> Sequence[str]:
        """Names in the arguments."""
        return names_in(self._arguments)

    def check_resources(self, resources: Resources) -> Sequence[Finding]:
        """The tool, if it is an installed one that is missing."""
        return self._given.lacking(resources)

    async def run(self, context: NodeContext) -> Any:
        """What the tool returns.

        Raises:
            ToolError: It failed, or the arguments do not fit its schema.
            ValidationError: An argument has no JSON form.
        """
        bound = BoundTool(self._given.resolve(context)[0]) if self._given.names else self._ready
        arguments = fill(self._arguments, context.lookup)
        try:
            text = json.dumps(to_json(arguments))
        except (TypeError, ValueError, RecursionError) as error:
            raise ValidationError(
                f"the arguments of tool {bound.name!r} have no JSON form: {error}", field="arguments"
            ) from error
        call = ToolCall(context.activation, bound.name, text)
        with self._cut_off.watching(context.activation):
            if not bound.options.idempotent:
                self._cut_off.note(context.activation)
            context.emit("tool.started", {"id": call.id, "name": call.name})
            result = await bound.run(call, caller_of(context))
        about = {"id": call.id, "name": call.name, "duration_ms": result.execution_time_ms}
        if result.error is not None:
            context.emit("tool.failed", {**about, "error": result.text, "reason": result.error.reason})
            raise result.error
        context.emit("tool.completed", about)
        return result.value
