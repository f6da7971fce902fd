"""A value that a node or an edge computes from what it sees: a safe expression, or a Python function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from graphbit_core.contracts.node_type import NodeContext
from graphbit_core.errors import ValidationError
from graphbit_core.workflow.expressions import Expression
from graphbit_core.workflow.functions import BoundFunction
from graphbit_core.workflow.isolated import bound_function
from graphbit_core.workflow.options import IMPORT_PATH

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Calculation:
    """An expression, or a function given as itself or as ``package.module:function``.

    In an expression ``value`` is what came in; other names are what ``{name}`` is in a template.

    Args:
        source: The expression or function.
        setting: Name of the setting, for errors.
        given: Names that whoever calls ``of`` gives; in an expression also ``value``.
    """

    def __init__(
        self, source: Callable[..., Any] | Expression | str, setting: str, given: Sequence[str] = ()
    ) -> None:
        if not callable(source) and not isinstance(source, str | Expression):
            raise ValidationError(
                f"{setting} is {source!r:.80}; give an expression or a function", field=setting
            )
        self._setting = setting
        self._given = frozenset(given)
        self._expression: Expression | None = None
        self._function: BoundFunction | None = None
        if isinstance(source, BoundFunction):
            self._function = source
        elif isinstance(source, Expression):
            self._expression = source
        elif isinstance(source, str) and not IMPORT_PATH.fullmatch(source):
            self._expression = Expression(source)
        else:
            self._function = BoundFunction(source, setting)

    @property
    def is_quick(self) -> bool:
        """Whether it may run on the event loop: an expression, or a coroutine function."""
        return self._function is None or self.is_coroutine

    @property
    def is_coroutine(self) -> bool:
        """Whether its value must be awaited."""
        return self._function is not None and self._function.is_coroutine

    def placeholders(self, first: bool) -> Sequence[str]:
        """Names it needs, as a template's placeholders."""
        if self._function is not None:
            return [name for name in self._function.placeholders(first) if name not in self._given]
        assert self._expression is not None
        known = self._given | {"value"}
        return [name for name in self._expression.names if name.split(".")[0] not in known]

    def input_type(self, port: str | None) -> Any:
        """See NodeType.input_type."""
        return self._function.input_type(port) if self._function is not None else Any

    def output_type(self) -> Any:
        """See NodeType.output_type."""
        return self._function.output_type() if self._function is not None else Any

    def __call__(self, context: NodeContext) -> Any:
        """The value; awaitable if the function is a coroutine function."""
        if self._function is not None:
            return self._function(context)
        return self._evaluate(context, lambda: context.value, {})

    def received(self, context: NodeContext) -> Any:
        """What came in, as the function sees it."""
        return self._function.received(context) if self._function is not None else context.value

    def of(self, context: NodeContext, value: Any, given: Mapping[str, Any] = _NOTHING) -> Any:
        """The value where ``value`` came in; a function of several parameters gets each by its name."""
        if self._function is not None:
            return self._function.of(context, value, given)
        return self._evaluate(context, lambda: value, given)

    def holds(self, context: NodeContext, value: Any) -> bool:
        """Whether it is true of ``value``, the output of the node of ``context``.

        Raises:
            ValidationError: A coroutine function was given.
        """
        answer = self.of(context, value)
        if inspect.isawaitable(answer):
            if inspect.iscoroutine(answer):
                answer.close()
            raise ValidationError(
                f"{self._setting} is a coroutine function; give a plain one", field=self._setting
            )
        return bool(answer)

    def _evaluate(self, context: NodeContext, value: Callable[[], Any], given: Mapping[str, Any]) -> Any:
        def resolve(name: str) -> Any:
            if name == "value":
                return value()
            return given[name] if name in given else context.lookup(name)

        assert self._expression is not None
        return self._expression.evaluate(resolve)


def calculation(
    function: Callable[..., Any] | str | None,
    expression: str | None,
    isolation: str | None,
    memory_mb: int | None,
) -> Calculation:
    """That of a node which takes either a function, maybe in a process of its own, or an expression.

    Raises:
        ValidationError: One of the settings is wrong.
    """
    if function is not None:
        return Calculation(bound_function(function, isolation, memory_mb), "function")
    refuse_process(isolation, memory_mb)
    if not isinstance(expression, str):
        raise ValidationError(f"expression is {expression!r:.80}; give text", field="expression")
    return Calculation(Expression(expression), "expression")


def refuse_process(isolation: str | None, memory_mb: int | None) -> None:
    """Raises a ValidationError if a process is asked for where there is no function."""
    if isolation is not None or memory_mb is not None:
        raise ValidationError("only a function can have a process of its own", field="isolation")
