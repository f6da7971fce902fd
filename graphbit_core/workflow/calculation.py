"""A value that a node or an edge computes from what it sees: a safe expression, or a Python function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

from graphbit_core.contracts.node_type import NodeContext
from graphbit_core.errors import ValidationError
from graphbit_core.workflow.expressions import Expression
from graphbit_core.workflow.functions import BoundFunction, discard
from graphbit_core.workflow.isolated import bound_function
from graphbit_core.workflow.options import IMPORT_PATH

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class BoundExpression:
    """Evaluates an expression in a node. ``value`` is what came in; other names are what ``{name}`` is in a
    template. It offers what ``BoundFunction`` does.

    Args:
        text: The expression.
        given: Names beside ``value`` that whoever calls ``of`` gives.
    """

    is_quick = True
    """What an expression costs is bounded, so it may run on the event loop."""
    is_expression = True

    def __init__(self, text: str, given: Sequence[str] = ()) -> None:
        self._expression = Expression(text)
        self._given = {"value", *given}

    @property
    def names(self) -> Sequence[str]:
        """Names it needs beside those that are given."""
        return [name for name in self._expression.names if name.split(".")[0] not in self._given]

    def placeholders(self, first: bool) -> Sequence[str]:
        """Names it needs, as a template's placeholders."""
        return self.names

    def input_type(self, port: str | None) -> Any:
        """Any: an expression says itself what it cannot take."""
        return Any

    def output_type(self) -> Any:
        """Any: it depends on the values."""
        return Any

    def received(self, context: NodeContext) -> Any:
        """What came in."""
        return context.value

    def __call__(self, context: NodeContext) -> Any:
        """The expression's value."""
        return self._evaluate(context, lambda: context.value, _NOTHING)

    def of(self, context: NodeContext, value: Any, given: Mapping[str, Any] = _NOTHING) -> Any:
        """The expression's value where ``value`` came in."""
        return self._evaluate(context, lambda: value, given)

    def _evaluate(self, context: NodeContext, value: Callable[[], Any], given: Mapping[str, Any]) -> Any:
        def resolve(name: str) -> Any:
            if name == "value":
                return value()
            return given[name] if name in given else context.lookup(name)

        return self._expression.evaluate(resolve)


Calculation: TypeAlias = BoundFunction | BoundExpression


def bind(source: Callable[..., Any] | str, setting: str, given: Sequence[str] = ()) -> Calculation:
    """An expression, or a function given as itself or as ``package.module:function``.

    Args:
        source: The expression or function.
        setting: Name of the setting, for errors.
        given: Names that an expression sees beside ``value``.

    Raises:
        ValidationError: It is neither, or cannot be used.
    """
    if isinstance(source, str) and not IMPORT_PATH.fullmatch(source):
        return BoundExpression(source, given)
    if not isinstance(source, str) and not callable(source):
        problem = f"{setting} is {source!r:.80}; give an expression or a function"
        raise ValidationError(problem, field=setting)
    return BoundFunction(source, setting)


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
        return bound_function(function, isolation, memory_mb)
    refuse_process(isolation, memory_mb)
    if not isinstance(expression, str):
        raise ValidationError(f"expression is {expression!r:.80}; give text", field="expression")
    return BoundExpression(expression)


def refuse_process(isolation: str | None, memory_mb: int | None) -> None:
    """Raises a ValidationError if a process is asked for where there is no function."""
    if isolation is not None or memory_mb is not None:
        raise ValidationError("only a function can have a process of its own", field="isolation")


class EdgeCondition:
    """Says whether a conditional edge goes live, from the output of the node it leaves.

    Args:
        when: An expression or a function.
    """

    def __init__(self, when: Callable[..., Any] | str) -> None:
        self._computed = bind(when, "when")
        if isinstance(self._computed, BoundFunction) and self._computed.is_quick:
            raise _must_be_plain()

    @property
    def names(self) -> Sequence[str]:
        """Names it needs beside that output, which is ``value``."""
        return [name for name in self._computed.placeholders(first=False) if name != "value"]

    def __call__(self, context: NodeContext, value: object) -> bool:
        """Whether it is true of ``value``, the output of the node of ``context``."""
        answer = self._computed.of(context, value)
        if hasattr(type(answer), "__await__"):
            discard(answer)
            raise _must_be_plain()
        return bool(answer)


def _must_be_plain() -> ValidationError:
    return ValidationError("'when' is a coroutine function; give a plain one", field="when")
