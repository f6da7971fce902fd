"""``@tool``: a function that a model may ask for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, overload

from graphbit_core.contracts import API_VERSION
from graphbit_core.contracts.tool import ToolOptions
from graphbit_core.errors import ValidationError
from graphbit_core.tools.context import ToolContext, current_tool_context
from graphbit_core.tools.docstrings import read_docstring
from graphbit_core.tools.objects import hints_of
from graphbit_core.tools.schema import Signature, own_schema, refuse_others
from graphbit_core.types.messages import ToolSpec

if TYPE_CHECKING:
    from graphbit_core.tools.registry import ToolRegistry

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class FunctionTool:
    """A function with the name, description and schema that a model is shown. Calling it calls the
    function, as if it had not been decorated.

    Args:
        function: The function, plain or coroutine.
        name: What the model calls it; default: the function's name.
        description: What the model is told; default: the docstring up to its first section.
        parameters: JSON Schema of the arguments; default: made from the type hints. With a schema of one's
            own, arguments are handed over as JSON has them.
        options: How it is called.

    Raises:
        ValidationError: A parameter cannot be described, there is no description, or an option is wrong.
    """

    graphbit_api: ClassVar[tuple[int, int]] = API_VERSION

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        name: str | None = None,
        description: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        options: ToolOptions = ToolOptions(),
    ) -> None:
        if not hasattr(function, "__name__"):
            raise ValidationError(
                f"{function!r:.80} has no name; write a function with def", field="function"
            )
        self.function = function
        self.options = checked_options(options)
        docs = read_docstring(function)
        text = description or docs.text
        if not text:
            raise ValidationError(
                f"the tool {function.__name__!r} has no description; write a docstring, a model reads it",
                field="description",
            )
        self._context = _context_parameter(function)
        self._signature: Signature | None = None
        if parameters is None:
            self._signature = Signature(function, [self._context] if self._context else [], docs)
            schema: Mapping[str, Any] = self._signature.schema
        else:
            schema = own_schema(function, parameters)
        self.spec = ToolSpec(checked_name(name or function.__name__), text, schema)
        # By these a workflow file names it, as it names a plain function.
        self.__module__ = function.__module__
        self.__name__ = function.__name__
        self.__qualname__ = getattr(function, "__qualname__", function.__name__)
        self.__doc__ = function.__doc__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function itself."""
        return self.function(*args, **kwargs)

    def call(self, arguments: Mapping[str, Any]) -> Any:
        """Runs the function with named arguments that fit the schema, as what its hints ask for; awaitable if
        it is a coroutine function.

        Raises:
            ValidationError: Arguments are missing or unknown, or cannot be converted.
        """
        if self._signature is not None:
            given = self._signature.convert(arguments)
        else:
            refuse_others(self.spec.name, self.spec.parameters, arguments)
            given = dict(arguments)
        if self._context:
            given[self._context] = current_tool_context() or ToolContext()
        return self.function(**given)

    def __repr__(self) -> str:
        # A constructor that failed leaves an object that tracebacks show.
        return f"FunctionTool({self.spec.name!r})" if hasattr(self, "spec") else "FunctionTool()"


@overload
def tool(function: Callable[..., Any], /) -> FunctionTool: ...
@overload
def tool(
    *,
    name: str | None = None,
    description: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    registry: ToolRegistry | None = None,
    **options: Any,
) -> Callable[[Callable[..., Any]], FunctionTool]: ...
def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    registry: ToolRegistry | None = None,
    **options: Any,
) -> FunctionTool | Callable[[Callable[..., Any]], FunctionTool]:
    """Makes a tool of a function: its schema comes from the type hints, its description from the docstring.

    It is put into no registry unless one is named: what an agent may call is what it is given.

    Args:
        function: The function, when used without parentheses.
        name: What the model calls it, 1 to 64 letters, digits, ``_`` and ``-``; default: the function's name.
        description: What the model is told; default: the docstring.
        parameters: JSON Schema of the arguments; default: made from the type hints.
        registry: Where it is added as well, for example ``default_tools()``.
        **options: The fields of ToolOptions: ``category``, ``version``, ``enabled``, ``timeout``,
            ``max_result_bytes``, ``requires_approval``, ``fatal``, ``idempotent``, ``parallel``.

    Raises:
        ValidationError: A parameter cannot be described, there is no description, or an option is wrong.
    """

    def make(function: Callable[..., Any]) -> FunctionTool:
        made = FunctionTool(
            function, name=name, description=description, parameters=parameters, options=make_options(options)
        )
        if registry is not None:
            registry.add(made)
        return made

    return make if function is None else make(function)


def make_options(options: Mapping[str, Any]) -> ToolOptions:
    """Options by name.

    Raises:
        ValidationError: There is no such option.
    """
    known = ToolOptions.__dataclass_fields__
    if unknown := [name for name in options if name not in known]:
        raise ValidationError(f"a tool has no option {unknown}; it has {list(known)}", field=unknown[0])
    return ToolOptions(**options)


def checked_options(options: ToolOptions) -> ToolOptions:
    """``options``; raises a ValidationError that names the one which is out of its range."""

    def wrong(field: str, fix: str) -> ValidationError:
        return ValidationError(f"{field} is {getattr(options, field)!r:.80}; {fix}", field=field)

    timeout, most = options.timeout, options.max_result_bytes
    if timeout is not None and not (isinstance(timeout, int | float) and timeout > 0):
        raise wrong("timeout", "give seconds above 0, or None")
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        raise wrong("max_result_bytes", "give a whole number, at least 1")
    for field in ("enabled", "requires_approval", "idempotent", "parallel"):
        if not isinstance(getattr(options, field), bool):
            raise wrong(field, "it is True or False")
    for field in ("category", "version"):
        if not isinstance(getattr(options, field), str):
            raise wrong(field, "give text")
    kinds = options.fatal
    if not isinstance(kinds, tuple) or not all(
        isinstance(kind, type) and issubclass(kind, BaseException) for kind in kinds
    ):
        raise wrong("fatal", "give a tuple of exception classes, such as (PermissionError,)")
    return options


def checked_name(name: str) -> str:
    """``name``; raises a ValidationError if model APIs would refuse it."""
    if not _NAME.fullmatch(name):
        raise ValidationError(
            f"the tool name {name!r:.80} is not 1 to 64 of the letters A-Z, a-z, digits, '_' and '-'; "
            "pass name=",
            field="name",
        )
    return name


def _context_parameter(function: Callable[..., Any]) -> str | None:
    hints = hints_of(function, f"tool {function.__name__!r}")
    return next((name for name, hint in hints.items() if hint is ToolContext and name != "return"), None)
