"""Expressions as bodies of nodes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from graphbit_core.contracts.node_type import NodeContext
from graphbit_core.errors import ValidationError
from graphbit_core.workflow.expressions.expression import Expression
from graphbit_core.workflow.functions import BoundFunction

_IMPORT_PATH = re.compile(r"[\w.]+:[\w.]+")


def look_up(context: NodeContext, name: str) -> Any:
    """What ``{name}`` means in a template: an earlier node's output, an input or a variable.

    Raises:
        KeyError: There is none.
    """
    for scope in (context.outputs, context.inputs):
        if name in scope:
            return scope[name]
    raise KeyError(name)


class BoundExpression:
    """Evaluates an expression in a node. ``value`` is what came in, as a function with one parameter gets
    it; other names are what they are in a template.
    """

    is_coroutine = False

    def __init__(self, text: str) -> None:
        self._expression = Expression(text)

    def placeholders(self, first: bool) -> Sequence[str]:
        """The names it needs, as a template's placeholders."""
        return [name for name in self._expression.names if name.split(".")[0] != "value"]

    def value(self, context: NodeContext) -> Any:
        """What came in."""
        return BoundFunction.value(context)

    def __call__(self, context: NodeContext) -> Any:
        """The expression's value."""

        def resolve(name: str) -> Any:
            return self.value(context) if name == "value" else look_up(context, name)

        return self._expression.evaluate(resolve)


def is_quick(body: BoundFunction | BoundExpression) -> bool:
    """Whether it may run on the event loop: what an expression costs is bounded."""
    return isinstance(body, BoundExpression) or body.is_coroutine


def bind(source: Callable[..., Any] | str, setting: str) -> BoundFunction | BoundExpression:
    """A function given as itself or as ``package.module:function``, or an expression.

    Raises:
        ValidationError: It is neither.
    """
    if isinstance(source, str) and not _IMPORT_PATH.fullmatch(source.strip()):
        return BoundExpression(source)
    if not isinstance(source, str) and not callable(source):
        raise ValidationError(f"{setting} is {source!r:.80}; give a function or an expression", field=setting)
    return BoundFunction(source, setting)
