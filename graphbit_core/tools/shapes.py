"""From a type hint to a JSON Schema, and from a JSON value that fits it to what the hint asks for."""

from __future__ import annotations

import collections.abc as abc
import dataclasses
import json
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin

from graphbit_core.errors import ValidationError
from graphbit_core.tools.objects import Field, dataclass_fields, is_typed_dict, typed_dict_fields
from graphbit_core.types.json_form import to_json

Convert = Callable[[Any], Any]

_LISTS = (list, abc.Sequence, abc.Iterable, abc.Collection, abc.MutableSequence)
_SETS = {set: set, frozenset: frozenset, abc.Set: frozenset, abc.MutableSet: set}
_MAPS = (dict, abc.Mapping, abc.MutableMapping)
_WRAPPERS = ("Required", "NotRequired", "ReadOnly")
_BOUNDS = {
    **{"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"},
    **{"min_length": "minLength", "max_length": "maxLength", "multiple_of": "multipleOf"},
    "pattern": "pattern",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Shape:
    """``convert`` makes of a JSON value that fits ``schema`` what the hint asks for; None: nothing to do."""

    schema: dict[str, Any]
    convert: Convert | None = None

    def __call__(self, value: Any) -> Any:
        """The converted value."""
        return value if self.convert is None else self.convert(value)


class Shapes:
    """Shapes that share one ``$defs``, which holds every class that has fields, once.

    Attributes:
        defs: Definitions by name.
    """

    def __init__(self) -> None:
        self.defs: dict[str, Any] = {}
        self._names: dict[Any, str] = {}
        self._named: dict[Any, Shape] = {}

    def of(self, hint: Any, where: str) -> Shape:
        """The shape of ``hint``; ``where`` says whose it is, for errors.

        Raises:
            ValidationError: JSON cannot carry the type.
        """
        origin, arguments = get_origin(hint), get_args(hint)
        if origin is typing.Annotated:  # first: it has no hash if what it adds has none
            return self._annotated(arguments, where)
        if getattr(origin, "__name__", getattr(origin, "_name", None)) in _WRAPPERS:
            return self.of(arguments[0], where)
        if not _has_hash(hint):
            raise ValidationError(f"{where} has the type {hint!r:.80}, which is no type")
        if hasattr(hint, "__supertype__"):
            return self.of(hint.__supertype__, where)
        if hasattr(hint, "__value__"):  # type Name = …
            return self._definition(hint, hint.__name__, lambda: self.of(hint.__value__, where))
        if hint is Any or hint is object:
            return Shape({})
        if simple := _SIMPLE.get(hint):
            return simple
        if origin is Literal:
            return _enumeration(arguments, where)
        if origin in (Union, types.UnionType):
            return self._union(arguments, where)
        if isinstance(hint, type) and issubclass(hint, Enum):
            return _enumeration(tuple(hint), where)
        return self._many(hint, origin or hint, arguments, where) or self._object(hint, where)

    def with_defs(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """``schema`` with the definitions that it may refer to."""
        return {**schema, "$defs": self.defs} if self.defs else dict(schema)

    def _annotated(self, arguments: Sequence[Any], where: str) -> Shape:
        inner = self.of(arguments[0], where)
        schema = dict(inner.schema)
        for extra in arguments[1:]:
            if isinstance(extra, str):
                schema.setdefault("description", extra)
            elif isinstance(extra, Mapping):
                schema |= extra
            else:
                schema |= _constraints(extra, schema.get("type") == "array")
        return Shape(schema, inner.convert)

    def _union(self, arguments: Sequence[Any], where: str) -> Shape:
        shapes = [self.of(argument, where) for argument in arguments]
        schema = {"anyOf": [shape.schema for shape in shapes]}
        if all(shape.convert is None for shape in shapes):
            return Shape(schema)
        others = [s for s, argument in zip(shapes, arguments, strict=True) if argument is not type(None)]
        if len(others) == 1:
            return Shape(schema, lambda value: None if value is None else others[0](value))
        return Shape(schema, _Alternatives(shapes, self))

    def _many(self, hint: Any, origin: Any, arguments: Sequence[Any], where: str) -> Shape | None:
        """Lists, sets, tuples and mappings; None if it is none of them."""
        if origin in _MAPS:
            return self._mapping(arguments, where)
        if origin is tuple and arguments and arguments[-1] is not Ellipsis:
            return self._tuple([] if arguments == ((),) else arguments, where)
        make = _SETS.get(origin) or (tuple if origin is tuple else list)
        if make is list and origin not in _LISTS:
            return None
        item = self.of(arguments[0], where) if arguments else Shape({})
        schema: dict[str, Any] = {"type": "array"}
        if item.schema:
            schema["items"] = item.schema
        if make in (set, frozenset):
            schema["uniqueItems"] = True
        if make is list and item.convert is None:
            return Shape(schema)
        return Shape(schema, lambda value: make(map(item, value)))

    def _tuple(self, arguments: Sequence[Any], where: str) -> Shape:
        items = [self.of(argument, where) for argument in arguments]
        size = len(items)
        schema: dict[str, Any] = {"type": "array", "minItems": size, "maxItems": size}
        if items:
            schema["prefixItems"] = [item.schema for item in items]
        return Shape(schema, lambda value: tuple(item(v) for item, v in zip(items, value, strict=True)))

    def _mapping(self, arguments: Sequence[Any], where: str) -> Shape:
        if not arguments:
            return Shape({"type": "object"})
        if arguments[0] is not str:
            raise ValidationError(f"{where}: a JSON object has text keys, not {arguments[0]}")
        item = self.of(arguments[1], where)
        schema = {"type": "object", "additionalProperties": item.schema}
        if item.convert is None:
            return Shape(schema)
        return Shape(schema, lambda value: {key: item(v) for key, v in value.items()})

    def _object(self, hint: Any, where: str) -> Shape:
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            return self._definition(
                hint, hint.__name__, lambda: self._fields(dataclass_fields(hint), hint, where)
            )
        if is_typed_dict(hint):
            return self._definition(
                hint, hint.__name__, lambda: self._fields(typed_dict_fields(hint), dict, where)
            )
        if hasattr(hint, "model_json_schema") and hasattr(hint, "model_validate"):
            return self._definition(hint, hint.__name__, lambda: self._pydantic(hint))
        raise ValidationError(
            f"{where} has the type {hint}, which has no JSON form here; use str, int, float, bool, list, "
            "dict, tuple, set, Literal, Enum, a dataclass, a TypedDict, a pydantic model, or a union of those"
        )

    def _fields(self, fields: Sequence[Field], make: Callable[..., Any], where: str) -> Shape:
        shapes = {f.name: self.of(f.hint, f"field {f.name!r} of {where}") for f in fields}
        return Shape(object_schema(fields, shapes), lambda value: make(**convert_fields(shapes, value)))

    def _pydantic(self, model: Any) -> Shape:
        prefix = f"{self._names[model]}."
        schema = model.model_json_schema(ref_template=f"#/$defs/{prefix}{{model}}")
        inner = schema.pop("$defs", {})
        for one in (schema, *inner.values()):
            if "properties" in one:
                one.setdefault("additionalProperties", False)
        self.defs |= {f"{prefix}{name}": one for name, one in inner.items()}
        return Shape(schema, model.model_validate)

    def _definition(self, hint: Any, name: str, build: Callable[[], Shape]) -> Shape:
        """A reference to the definition of a class, which is made once: a class may hold itself."""
        if hint not in self._names:
            name = re.sub(r"[^A-Za-z0-9_-]", "_", name)
            while name in self.defs:
                name += "_"
            self._names[hint] = name
            self.defs[name] = {}
            self._named[hint] = shape = build()
            self.defs[name] = shape.schema
        return Shape({"$ref": f"#/$defs/{self._names[hint]}"}, lambda value: self._named[hint](value))


class _Alternatives:
    """Converts a value by the first member of a union whose schema it fits."""

    def __init__(self, shapes: Sequence[Shape], shared: Shapes) -> None:
        self._shapes, self._shared = shapes, shared
        self._checks: list[Any] | None = None

    def __call__(self, value: Any) -> Any:
        from graphbit_core.kernel import Schema

        if self._checks is None:  # not before: a definition may still be in the making
            whole = [self._shared.with_defs(shape.schema) for shape in self._shapes]
            self._checks = [Schema(json.dumps(schema)) for schema in whole]
        text = json.dumps(value)
        for shape, schema in zip(self._shapes, self._checks, strict=True):
            if not schema.check(text):
                return shape(value)
        return value


def object_schema(fields: Sequence[Field], shapes: Mapping[str, Shape]) -> dict[str, Any]:
    """The schema of an object with these fields and no others."""
    properties = {}
    for f in fields:
        properties[f.name] = schema = dict(shapes[f.name].schema)
        if f.text:
            schema.setdefault("description", f.text)
        if f.default is not None:
            try:
                schema["default"] = to_json(f.default)
            except TypeError:
                continue  # the function has it all the same; the model need not know it
    required = [f.name for f in fields if f.required]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def convert_fields(shapes: Mapping[str, Shape], value: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a JSON object, each converted."""
    return {name: shapes[name](item) for name, item in value.items()}


def _enumeration(members: Sequence[Any], where: str) -> Shape:
    values = [member.value if isinstance(member, Enum) else member for member in members]
    for value in values:
        if not isinstance(value, str | int | float | bool | None):
            raise ValidationError(
                f"{where}: {value!r:.80} is neither text nor a number, so JSON cannot name it"
            )
    if not any(isinstance(member, Enum) for member in members):
        return Shape({"enum": values})
    # By type too, because 1 == True; numbers of JSON may come as 1.0.
    known = {(type(value), value): member for value, member in zip(values, members, strict=True)}
    return Shape({"enum": values}, lambda value: known.get((type(value), value)) or _equal(known, value))


def _equal(known: Mapping[tuple[type, Any], Any], value: Any) -> Any:
    return next(member for (kind, one), member in known.items() if one == value and kind is not bool)


def _constraints(extra: Any, is_array: bool) -> dict[str, Any]:
    """What ``Field(…)`` of pydantic and the classes of annotated-types say."""
    found: dict[str, Any] = {}
    if isinstance(text := getattr(extra, "description", None), str):
        found["description"] = text
    for one in (extra, *(getattr(extra, "metadata", None) or ())):
        for attribute, keyword in _BOUNDS.items():
            if isinstance(bound := getattr(one, attribute, None), int | float | str):
                found[keyword.replace("Length", "Items") if is_array else keyword] = bound
    return found


def _has_hash(hint: Any) -> bool:
    try:
        hash(hint)
    except TypeError:
        return False
    return True


_SIMPLE: Mapping[Any, Shape] = {
    str: Shape({"type": "string"}),
    int: Shape({"type": "integer"}, int),
    float: Shape({"type": "number"}, float),
    bool: Shape({"type": "boolean"}),
    type(None): Shape({"type": "null"}),
    None: Shape({"type": "null"}),
}
