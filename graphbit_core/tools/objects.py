"""The fields of functions, dataclasses and TypedDicts."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable, Sequence
from typing import Any, get_origin

from graphbit_core.errors import ValidationError
from graphbit_core.tools.docstrings import Docs, read_docstring


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """One named value: its hint, whether it must be given, its default (None: none to tell), its text."""

    name: str
    hint: Any
    required: bool
    default: Any = None
    text: str = ""


def hints_of(owner: Any, what: str) -> dict[str, Any]:
    """The type hints of a function or class.

    Raises:
        ValidationError: They name what does not exist.
    """
    try:
        return typing.get_type_hints(owner, include_extras=True)
    except (NameError, TypeError, AttributeError, SyntaxError) as error:
        raise ValidationError(f"the types of {what} cannot be read: {error}", field="function") from error


def function_fields(function: Callable[..., Any], skipped: Sequence[str], docs: Docs) -> list[Field]:
    """One field per parameter, but for those in ``skipped``.

    Raises:
        ValidationError: A parameter has no type, or takes any number of values.
    """
    hints = hints_of(function, f"tool {function.__name__!r}")
    fields = []
    for parameter in inspect.signature(function).parameters.values():
        name = parameter.name
        if name in skipped:
            continue
        where = f"parameter {name!r} of tool {function.__name__!r}"
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise ValidationError(
                f"{where} is {parameter.kind.description}; a tool takes named parameters only", field=name
            )
        if name not in hints:
            raise ValidationError(f"{where} has no type; annotate it, for example: str", field=name)
        required = parameter.default is parameter.empty
        default = None if required else parameter.default
        fields.append(Field(name, hints[name], required, default, docs.parameters.get(name, "")))
    return fields


def dataclass_fields(kind: type[Any]) -> list[Field]:
    """The fields that its constructor takes."""
    hints = hints_of(kind, f"the dataclass {kind.__name__}")
    texts = read_docstring(kind).parameters
    fields = []
    for f in dataclasses.fields(kind):
        if f.init:
            required = f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
            default = None if f.default is dataclasses.MISSING else f.default
            fields.append(Field(f.name, hints[f.name], required, default, texts.get(f.name, "")))
    return fields


def is_typed_dict(hint: Any) -> bool:
    """Whether it is a TypedDict, of ``typing`` or of ``typing_extensions``."""
    return isinstance(hint, type) and issubclass(hint, dict) and hasattr(hint, "__required_keys__")


def typed_dict_fields(kind: Any) -> list[Field]:
    """Its keys."""
    texts = read_docstring(kind).parameters
    hints = hints_of(kind, f"the TypedDict {kind.__name__}")
    return [
        Field(name, hint, _is_required(kind, name, hint), None, texts.get(name, ""))
        for name, hint in hints.items()
    ]


def _is_required(kind: Any, name: str, hint: Any) -> bool:
    # Where annotations are texts, the class itself does not see what they say.
    while (origin := get_origin(hint)) is not None:
        marker = getattr(origin, "__name__", getattr(origin, "_name", None))
        if marker in ("Required", "NotRequired"):
            return bool(marker == "Required")
        if marker not in ("Annotated", "ReadOnly"):
            break
        hint = typing.get_args(hint)[0]
    return name in kind.__required_keys__
