"""Transform: a Python function, an expression, or a filled template."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from graphbit_core.contracts import API_VERSION
from graphbit_core.contracts.node_type import NodeContext, NodeType
from graphbit_core.nodes.settings import require_one_of, require_text
from graphbit_core.workflow.calculation import calculation, refuse_process
from graphbit_core.workflow.functions import BoundFunction
from graphbit_core.workflow.template import placeholders


class TransformNode(NodeType):
    """Computes its output with ``function`` (itself, or ``package.module:function``), ``expression`` or
    ``template``.
    """

    graphbit_api: ClassVar[tuple[int, int]] = API_VERSION

    def __init__(
        self,
        *,
        function: Callable[..., Any] | str | None = None,
        template: str | None = None,
        expression: str | None = None,
        inline: bool = False,
        isolation: str | None = None,
        memory_mb: int | None = None,
    ) -> None:
        require_one_of(function=function, template=template, expression=expression)
        require_text("template", template)
        self._template = template
        if template is not None:
            refuse_process(isolation, memory_mb)
        computed = template is None
        self._compute = calculation(function, expression, isolation, memory_mb) if computed else None
        # Filling a template is quick; a coroutine function runs on the loop anyway.
        self.inline = inline or self._compute is None or self._compute.is_quick

    def placeholders(self, first: bool) -> Sequence[str]:
        """Names in the template or the expression, or parameters of the function."""
        return self._compute.placeholders(first) if self._compute else placeholders(self._template or "")

    def labels(self) -> Sequence[str] | None:
        """A template or an expression never chooses; a function may."""
        return None if isinstance(self._compute, BoundFunction) else ()

    def input_type(self, port: str | None) -> Any:
        """What the function takes."""
        return self._compute.input_type(port) if self._compute else Any

    def output_type(self) -> Any:
        """What the function gives."""
        return self._compute.output_type() if self._compute else str

    def run(self, context: NodeContext) -> Any:
        """The function's value (awaited if it is a coroutine), the expression's, or the text."""
        return self._compute(context) if self._compute else context.render(self._template or "")
