"""Transform: a Python function, or a filled template."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from graphbit_core.contracts import API_VERSION
from graphbit_core.contracts.node_type import NodeContext, NodeType
from graphbit_core.errors import ValidationError
from graphbit_core.nodes.settings import require_text
from graphbit_core.workflow.isolated import bound_function
from graphbit_core.workflow.template import placeholders


class TransformNode(NodeType):
    """Computes its output with ``function`` (itself, or ``package.module:function``) or ``template``."""

    graphbit_api: ClassVar[tuple[int, int]] = API_VERSION

    def __init__(
        self,
        *,
        function: Callable[..., Any] | str | None = None,
        template: str | None = None,
        inline: bool = False,
        isolation: str | None = None,
        memory_mb: int | None = None,
    ) -> None:
        if (function is None) == (template is None):
            raise ValidationError("a transform needs either a function or a template", field="function")
        require_text("template", template)
        if function is None and (isolation is not None or memory_mb is not None):
            raise ValidationError("only a function can have a process of its own", field="isolation")
        self._function = bound_function(function, isolation, memory_mb) if function is not None else None
        self._template = template
        # Filling a template is quick; a coroutine function runs on the loop anyway.
        self.inline = inline or self._function is None or self._function.is_coroutine

    def placeholders(self, first: bool) -> Sequence[str]:
        """Names in the template, or parameters of the function."""
        return self._function.placeholders(first) if self._function else placeholders(self._template or "")

    def run(self, context: NodeContext) -> Any:
        """The function's value (awaited if it is a coroutine), or the text."""
        return self._function(context) if self._function else context.render(self._template or "")
