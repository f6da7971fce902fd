"""``@tool``: a function that a model may ask for."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, overload

from graphbit_core.contracts import API_VERSION
from graphbit_core.errors import ValidationError
from graphbit_core.tools.schema import parameters_schema
from graphbit_core.types.messages import ToolSpec


class FunctionTool:
    """A function with the name, description and schema that a model is shown. Calling it calls the
    function, as if it had not been decorated.
    """

    graphbit_api: ClassVar[tuple[int, int]] = API_VERSION

    def __init__(self, function: Callable[..., Any], name: str | None, description: str | None) -> None:
        if not hasattr(function, "__name__"):
            raise ValidationError(
                f"{function!r:.80} has no name; write a function with def", field="function"
            )
        self.function = function
        text = description or inspect.getdoc(function)
        if not text:
            raise ValidationError(
                f"the tool {function.__name__!r} has no description; write a docstring, a model reads it",
                field="description",
            )
        self.spec = ToolSpec(name or function.__name__, text, parameters_schema(function))
        self.__name__ = function.__name__
        self.__doc__ = function.__doc__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function itself."""
        return self.function(*args, **kwargs)

    def call(self, arguments: Mapping[str, Any]) -> Any:
        """Runs the function with named arguments; awaitable if it is a coroutine function.

        Raises:
            ValidationError: Arguments are missing or unknown.
        """
        known = self.spec.parameters["properties"]
        unknown = [name for name in arguments if name not in known]
        missing = [name for name in self.spec.parameters["required"] if name not in arguments]
        if unknown or missing:
            raise ValidationError(
                f"tool {self.spec.name!r}: unknown arguments {unknown}, missing arguments {missing}; "
                f"it takes {list(known)}"
            )
        return self.function(**arguments)

    def __repr__(self) -> str:
        return f"FunctionTool({self.spec.name!r})"


@overload
def tool(function: Callable[..., Any], /) -> FunctionTool: ...
@overload
def tool(
    *, name: str | None = None, description: str | None = None
) -> Callable[[Callable[..., Any]], FunctionTool]: ...
def tool(
    function: Callable[..., Any] | None = None, /, *, name: str | None = None, description: str | None = None
) -> FunctionTool | Callable[[Callable[..., Any]], FunctionTool]:
    """Makes a tool of a function: its schema comes from the type hints, its description from the docstring.

    Args:
        function: The function, when used without parentheses.
        name: What the model calls it; default: the function's name.
        description: What the model is told; default: the docstring.

    Raises:
        ValidationError: A parameter cannot be described, or there is no description.
    """
    if function is not None:
        return FunctionTool(function, name, description)
    return lambda function: FunctionTool(function, name, description)
