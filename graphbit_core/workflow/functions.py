"""Python functions as bodies: naming them in files, and giving them what their parameters name."""

from __future__ import annotations

import importlib
import inspect
import typing
from collections.abc import Callable, Mapping
from functools import cached_property
from itertools import takewhile
from typing import Any

from graphbit_core.contracts.node_type import NodeContext
from graphbit_core.errors import OutputNotProducedError, ValidationError
from graphbit_core.workflow.parameters import Parameter, parameters_of

_ABSENT = object()


def resolve_function(function: Callable[..., Any] | str, setting: str) -> Callable[..., Any]:
    """A function given as itself or as ``package.module:function``.

    Raises:
        ValidationError: It cannot be imported, or is not callable.
    """
    if not isinstance(function, str):
        if not callable(function):
            raise ValidationError(f"{setting} is a {type(function).__name__}, not a function", field=setting)
        return function
    module_name, colon, path = function.partition(":")
    if not colon:
        raise ValidationError(f"{setting} {function!r} must read 'package.module:function'", field=setting)
    try:
        found: Any = importlib.import_module(module_name)
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise ValidationError(f"{setting} {function!r} cannot be found: {error}", field=setting) from error
    return resolve_function(found, setting)


class BoundFunction:
    """Calls a function with the values that its parameters name.

    One parameter gets what came in: see ``NodeContext.value``. Of several parameters, and in a node that
    nothing precedes, each gets the value of its name, as ``{name}`` does in a template: a port, a name of
    the frame, an earlier node, a variable. One of a skipped node keeps its default. A parameter named
    ``context`` gets the NodeContext.
    """

    def __init__(self, function: Callable[..., Any] | str, setting: str = "function") -> None:
        self.function = resolve_function(function, setting)
        told = parameters_of(self.function)
        parameters = told or []
        named = [p for p in parameters if p.name != "context"]
        self.wants_context = len(named) < len(parameters)
        # Some built-ins, such as int, do not tell their parameters: they are called with the value.
        self._takes_value = told is None or _takes_one_value(named)
        self._takes_nothing = not parameters and not self._takes_value
        self._names = [p.name for p in named]
        self._required = {p.name for p in named if p.required}
        self._positional = sum(p.positional_only for p in parameters)

    @cached_property
    def is_quick(self) -> bool:
        """Whether it may be called on the event loop: calling it only makes an awaitable."""
        return inspect.iscoroutinefunction(self.function)

    is_expression = False

    def placeholders(self, first: bool) -> list[str]:
        """The names it needs, as a template's placeholders."""
        by_name = first or not self._takes_value
        return [name for name in self._names if name in self._required] if by_name else []

    def input_type(self, port: str | None) -> Any:
        """Annotation of the parameter that gets what comes in at a port; ``Any`` if there is none."""
        if port is None:
            return self._hints.get(self._names[0], Any) if self._takes_value and self._names else Any
        return self._hints.get(port, Any)

    def output_type(self) -> Any:
        """Annotation of what it returns; ``Any`` if there is none."""
        return self._hints.get("return", Any)

    @cached_property
    def _hints(self) -> Mapping[str, Any]:
        if not getattr(self.function, "__annotations__", True):
            return {}
        try:
            return typing.get_type_hints(self.function)
        except (NameError, TypeError, AttributeError):  # names of TYPE_CHECKING imports, for one
            return {}

    def __call__(self, context: NodeContext) -> Any:
        """What the function returns; awaitable if it is a coroutine function."""
        if self._takes_nothing:
            return self.function()
        positional, keywords = self.arguments(context)
        return self.function(*positional, **keywords)

    def of(self, context: NodeContext, value: Any, given: Mapping[str, Any] | None = None) -> Any:
        """What the function returns for ``value``, its one parameter; of several each gets that of its name,
        which may be ``value`` or one of ``given``.
        """
        named = {**(given or {}), "value": value}
        keywords: dict[str, Any] = {"context": context} if self.wants_context else {}
        if self._takes_value and not (self._names and self._names[0] in named):
            return self.function(value, **keywords)
        positional, keywords = self._by_name(context, keywords, named)
        return self.function(*positional, **keywords)

    def arguments(self, context: NodeContext) -> tuple[list[Any], dict[str, Any]]:
        """What the function is called with, by place and by name.

        Raises:
            OutputNotProducedError: A parameter without a default has no value.
        """
        keywords: dict[str, Any] = {"context": context} if self.wants_context else {}
        if self._takes_value and (context.has_value or not self._names) and not self._named(context):
            return [context.value], keywords
        return self._by_name(context, keywords, {})

    def _by_name(
        self, context: NodeContext, keywords: dict[str, Any], given: Mapping[str, Any]
    ) -> tuple[list[Any], dict[str, Any]]:
        for name in self._names:
            value = given[name] if name in given else self._find(name, context)
            if value is not _ABSENT:
                keywords[name] = value
            elif name in self._required:
                raise OutputNotProducedError(
                    f"the parameter {name!r} has no value: that node did not succeed; "
                    f"give it a default, such as {name}=None, if the function can do without",
                    run_id=context.run_id,
                    node=name,
                )
        return [keywords.pop(name) for name in self._leading(keywords)], keywords

    def received(self, context: NodeContext) -> Any:
        """What came in; where nothing did, and it has one parameter, what that one gets."""
        if context.has_value or not self._takes_value:
            return context.value
        positional, keywords = self.arguments(context)
        keywords.pop("context", None)
        return [*positional, *keywords.values()][0]

    def _named(self, context: NodeContext) -> bool:
        """Whether its one parameter is the name of a port or, at a frame's start, of what that gives."""
        return bool(self._names) and self._names[0] in (context.given if context.is_first else context.ports)

    def _leading(self, given: Mapping[str, Any]) -> list[str]:
        """The parameters without a keyword that have values, up to the first that is left to its default."""
        return list(takewhile(given.__contains__, self._names[: self._positional]))

    @staticmethod
    def _find(name: str, context: NodeContext) -> Any:
        for scope in (context.given, context.outputs, context.inputs):
            if name in scope:
                return scope[name]
        return _ABSENT


def _takes_one_value(parameters: list[Parameter]) -> bool:
    """Whether it has one parameter, or needs only one that cannot be named: ``sum(iterable, /)``."""
    needed = [p for p in parameters if p.required]
    return len(parameters) == 1 or (len(needed) == 1 and needed[0].positional_only)


def discard(awaitable: Any) -> None:
    """Ends a coroutine that nobody will await, so that Python does not complain of it."""
    if inspect.iscoroutine(awaitable):
        awaitable.close()
