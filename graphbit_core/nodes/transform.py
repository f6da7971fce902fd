"""Transform: a Python function, a filled template, or an expression."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from graphbit_core.contracts import API_VERSION
from graphbit_core.contracts.node_type import NodeContext, NodeType
from graphbit_core.errors import ValidationError
from graphbit_core.nodes.settings import require_text
from graphbit_core.workflow.expressions import BoundExpression, is_quick
from graphbit_core.workflow.functions import BoundFunction
from graphbit_core.workflow.template import placeholders


class TransformNode(NodeType):
    """Computes its output with ``function`` (itself, or ``package.module:function``), ``template``, or
    ``expression``.
    """

    graphbit_api: ClassVar[tuple[int, int]] = API_VERSION

    def __init__(
        self,
        *,
        function: Callable[..., Any] | str | None = None,
        template: str | None = None,
        expression: str | None = None,
        inline: bool = False,
    ) -> None:
        if sum(given is not None for given in (function, template, expression)) != 1:
            raise ValidationError(
                "a transform needs one of function, template and expression", field="function"
            )
        require_text("template", template)
        self._function: BoundFunction | BoundExpression | None = None
        if function is not None:
            self._function = BoundFunction(function)
        elif expression is not None:
            self._function = BoundExpression(expression)
        self._template = template
        # Templates and expressions are quick; a coroutine function runs on the loop anyway.
        self.inline = inline or self._function is None or is_quick(self._function)

    def placeholders(self, first: bool) -> Sequence[str]:
        """Names in the template or expression, or parameters of the function."""
        return self._function.placeholders(first) if self._function else placeholders(self._template or "")

    def run(self, context: NodeContext) -> Any:
        """The value of the function (awaited if it is a coroutine) or of the expression, or the text."""
        return self._function(context) if self._function else context.render(self._template or "")
