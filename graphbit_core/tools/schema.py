"""From a function to the JSON Schema of its arguments, and from arguments to what the function expects."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphbit_core.errors import ValidationError
from graphbit_core.tools.docstrings import Docs, read_docstring
from graphbit_core.tools.objects import function_fields
from graphbit_core.tools.shapes import Shapes, convert_fields, object_schema


class ArgumentsError(ValidationError):
    """Arguments that fit the schema, and that the function's types refuse all the same."""


class Signature:
    """The parameters of a function as a model sees them.

    Attributes:
        schema: JSON Schema of type object: one property per parameter, unknown ones refused.

    Args:
        function: The function.
        skipped: Parameters that are not the model's to give.
        docs: Its docstring; default: read now.

    Raises:
        ValidationError: A parameter has no type, or one that JSON cannot carry; the message names it.
    """

    def __init__(
        self, function: Callable[..., Any], skipped: Sequence[str] = (), docs: Docs | None = None
    ) -> None:
        self._name = function.__name__
        fields = function_fields(function, skipped, docs or read_docstring(function))
        shapes = Shapes()
        where = "parameter {!r} of tool {!r}"
        self._shapes = {f.name: shapes.of(f.hint, where.format(f.name, self._name)) for f in fields}
        self.schema = shapes.with_defs(object_schema(fields, self._shapes))

    def convert(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What the function expects, of arguments that fit the schema: instances, members, tuples, sets.

        Raises:
            ValidationError: An argument is unknown or missing, or a class refused its fields.
        """
        refuse_others(self._name, self.schema, arguments)
        try:
            return convert_fields(self._shapes, arguments)
        except (TypeError, ValueError, LookupError, AttributeError, OverflowError) as error:
            raise ArgumentsError(
                f"the arguments of tool {self._name!r} were refused: {type(error).__name__}: {error}"
            ) from error


def refuse_others(name: str, schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
    """Raises a ValidationError for arguments that are unknown or missing at the top of ``schema``."""
    known = schema.get("properties", {})
    unknown = (
        [] if schema.get("additionalProperties", True) else [key for key in arguments if key not in known]
    )
    missing = [key for key in schema.get("required", ()) if key not in arguments]
    if unknown or missing:
        raise ValidationError(
            f"tool {name!r}: unknown arguments {unknown}, missing arguments {missing}; it takes {list(known)}"
        )


def own_schema(function: Callable[..., Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema that was written by hand, made strict: unknown arguments are refused unless it says otherwise.

    Raises:
        ValidationError: It is not of type object, or does not match the function's parameters.
    """
    name = function.__name__
    if schema.get("type", "object") != "object":
        raise ValidationError(
            f"parameters of tool {name!r} have the type {schema['type']!r}; arguments are an object",
            field="parameters",
        )
    strict = {"type": "object", "properties": {}, **schema}
    if "unevaluatedProperties" not in strict:
        strict.setdefault("additionalProperties", False)
    taken = inspect.signature(function).parameters
    for parameter in taken.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise ValidationError(
                f"parameter {parameter.name!r} of tool {name!r} is {parameter.kind.description}; "
                "a tool takes named parameters only",
                field=parameter.name,
            )
    if unknown := [key for key in strict["properties"] if key not in taken]:
        raise ValidationError(
            f"parameters of tool {name!r} describe {unknown}, which the function does not take; "
            f"it takes {list(taken)}",
            field="parameters",
        )
    return strict
