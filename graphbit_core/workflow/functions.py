"""Python functions as bodies: naming them in files, and giving them what their parameters name."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from graphbit_core.contracts.node_type import NodeContext
from graphbit_core.errors import ValidationError


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

    One parameter gets the output of the node before: a dict by node name where there are several, the
    run's inputs where there is none. Of several parameters each gets the value of its name, as
    ``{name}`` does in a template. A parameter named ``context`` gets the NodeContext.
    """

    def __init__(self, function: Callable[..., Any] | str, setting: str = "function") -> None:
        self.function = resolve_function(function, setting)
        try:
            parameters = inspect.signature(self.function).parameters.values()
        except ValueError:
            # Some built-ins have no signature; they are called with the one value.
            self._names: list[str] = []
            self._wants_context, self._takes_value, self._required = False, True, set[str]()
            return
        kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        named = [p for p in parameters if p.kind not in kinds]
        positional_only = [p.name for p in named if p.kind is inspect.Parameter.POSITIONAL_ONLY]
        self._wants_context = any(p.name == "context" for p in named)
        self._names = [p.name for p in named if p.name != "context"]
        self._required = {p.name for p in named if p.default is inspect.Parameter.empty}
        self._takes_value = len(self._names) == 1
        if positional_only and not self._takes_value:
            raise ValidationError(
                f"{setting} {self.function!r} has positional-only parameters {positional_only}; "
                "they cannot be given by name",
                field=setting,
            )

    @property
    def is_coroutine(self) -> bool:
        """Whether calling it gives an awaitable."""
        return inspect.iscoroutinefunction(self.function)

    def placeholders(self) -> list[str]:
        """The names it needs, as a template's placeholders."""
        return [] if self._takes_value else [name for name in self._names if name in self._required]

    def value(self, context: NodeContext) -> Any:
        """What a function with one parameter gets."""
        parents = context.parents
        if len(parents) == 1:
            return next(iter(parents.values()))
        return dict(parents) if parents else dict(context.inputs)

    def __call__(self, context: NodeContext) -> Any:
        """What the function returns; awaitable if it is a coroutine function."""
        keywords: dict[str, Any] = {"context": context} if self._wants_context else {}
        if self._takes_value:
            return self.function(self.value(context), **keywords)
        for name in self._names:
            found = self._find(name, context)
            if found is not None or name in self._required:
                keywords[name] = found
        return self.function(**keywords)

    @staticmethod
    def _find(name: str, context: NodeContext) -> Any:
        scopes: tuple[Mapping[str, Any], ...] = (context.outputs, context.inputs)
        for scope in scopes:
            if name in scope:
                return scope[name]
        return None
