"""From a function's signature to the JSON Schema of its arguments."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, Literal, Union, get_args, get_origin

from graphbit_core.errors import ValidationError

_SIMPLE: dict[Any, str] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    type(None): "null",
}


def parameters_schema(function: Callable[..., Any]) -> dict[str, Any]:
    """A JSON Schema of type object: one property per parameter, unknown ones refused.

    Raises:
        ValidationError: A parameter has no type, or one that JSON cannot carry; the message names it.
    """
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except (NameError, TypeError) as error:
        raise ValidationError(
            f"the types of tool {function.__name__!r} cannot be read: {error}", field="function"
        ) from error
    properties: dict[str, Any] = {}
    required: list[str] = []
    for parameter in inspect.signature(function).parameters.values():
        where = f"parameter {parameter.name!r} of tool {function.__name__!r}"
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise ValidationError(
                f"{where} is {parameter}; a tool takes named parameters only", field=parameter.name
            )
        if parameter.name not in hints:
            raise ValidationError(f"{where} has no type; annotate it, for example: str", field=parameter.name)
        schema = _schema(hints[parameter.name], where)
        if parameter.default is inspect.Parameter.empty:
            required.append(parameter.name)
        elif parameter.default is not None:
            schema["default"] = parameter.default
        properties[parameter.name] = schema
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _schema(hint: Any, where: str) -> dict[str, Any]:
    if hint is Any:
        return {}
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is typing.Annotated:  # first: it has no hash if what it adds has none
        schema = _schema(arguments[0], where)
        texts = [extra for extra in arguments[1:] if isinstance(extra, str)]
        return {**schema, "description": texts[0]} if texts else schema
    if hint in _SIMPLE:
        return {"type": _SIMPLE[hint]}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema(argument, where) for argument in arguments]}
    if hint is list or origin is list:
        return {"type": "array", "items": _schema(arguments[0], where)} if arguments else {"type": "array"}
    if hint is dict or origin in (dict, Mapping):
        if arguments and arguments[0] is not str:
            raise ValidationError(f"{where}: a JSON object has text keys, not {arguments[0]}")
        values = {"additionalProperties": _schema(arguments[1], where)} if arguments else {}
        return {"type": "object", **values}
    raise ValidationError(
        f"{where} has the type {hint}, which has no JSON form here; "
        "use str, int, float, bool, list, dict, Literal or a union of those"
    )
