"""Python functions as bodies: naming them in files, and giving them what their parameters name."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from itertools import takewhile
from typing import Any

from graphbit_core.contracts.node_type import NodeContext
from graphbit_core.errors import OutputNotProducedError, ValidationError

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

    One parameter gets the output of the node before, or a dict by node name where there are several.
    Of several parameters, and in a node that nothing precedes, each gets the value of its name, as
    ``{name}`` does in a template; one of a skipped node keeps its default. A parameter named ``context``
    gets the NodeContext.
    """

    def __init__(self, function: Callable[..., Any] | str, setting: str = "function") -> None:
        self.function = resolve_function(function, setting)
        try:
            parameters = list(inspect.signature(self.function).parameters.values())
        except ValueError:
            parameters = []  # some built-ins, such as int, have no signature: they are called with the value
            self._takes_value = True
        else:
            parameters = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
            self._takes_value = sum(p.name != "context" for p in parameters) == 1
        self._positional = sum(p.kind is p.POSITIONAL_ONLY for p in parameters)
        self._wants_context = any(p.name == "context" for p in parameters)
        self._names = [p.name for p in parameters if p.name != "context"]
        self._required = {p.name for p in parameters if p.default is p.empty}

    @property
    def is_coroutine(self) -> bool:
        """Whether calling it gives an awaitable."""
        return inspect.iscoroutinefunction(self.function)

    def placeholders(self, first: bool) -> list[str]:
        """The names it needs, as a template's placeholders."""
        by_name = first or not self._takes_value
        return [name for name in self._names if name in self._required] if by_name else []

    @staticmethod
    def value(context: NodeContext) -> Any:
        """What the node before gave; a dict by name if there are several, of the inputs if there is none."""
        parents = context.parents
        if len(parents) == 1:
            return next(iter(parents.values()))
        return dict(parents) if parents else dict(context.inputs)

    def __call__(self, context: NodeContext) -> Any:
        """What the function returns; awaitable if it is a coroutine function."""
        keywords: dict[str, Any] = {"context": context} if self._wants_context else {}
        if self._takes_value and (context.parents or not self._names):
            return self.function(self.value(context), **keywords)
        for name in self._names:
            value = self._find(name, context)
            if value is not _ABSENT:
                keywords[name] = value
            elif name in self._required:
                raise OutputNotProducedError(
                    f"the parameter {name!r} has no value: that node did not succeed; "
                    f"give it a default, such as {name}=None, if the function can do without",
                    run_id=context.run_id,
                    node=name,
                )
        positional = [keywords.pop(name) for name in self._leading(keywords)]
        return self.function(*positional, **keywords)

    def _leading(self, given: Mapping[str, Any]) -> list[str]:
        """The parameters without a keyword that have values, up to the first that is left to its default."""
        return list(takewhile(given.__contains__, self._names[: self._positional]))

    @staticmethod
    def _find(name: str, context: NodeContext) -> Any:
        for scope in (context.outputs, context.inputs):
            if name in scope:
                return scope[name]
        return _ABSENT
