"""Schemas from type hints, and arguments back as what the hints ask for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal, NewType, NotRequired, Optional, Required, TypedDict, Union

import pydantic
import pytest
import typing_extensions

from graphbit_core import ValidationError, tool
from graphbit_core.kernel import Schema
from graphbit_core.tools.schema import Signature


class Colour(Enum):
    RED = "red"
    ANSWER = 42


class Level(IntEnum):
    LOW = 0
    HIGH = 1


@dataclass
class Point:
    """A point.

    Attributes:
        x: To the right.
    """

    x: float
    y: float = 0.0


@dataclass
class Tree:
    label: str
    children: list[Tree] = field(default_factory=list)
    parent: Tree | None = None


class Film(TypedDict, total=False):
    title: Required[str]
    year: int
    note: NotRequired[str]


class Old(typing_extensions.TypedDict):
    title: str
    year: typing_extensions.NotRequired[int]


class Inner(pydantic.BaseModel):
    n: int = pydantic.Field(ge=0)


class Outer(pydantic.BaseModel):
    inner: Inner
    others: list[Outer] = []


@dataclass
class Even:
    n: int

    def __post_init__(self):
        if self.n % 2:
            raise ValueError("odd")


UserId = NewType("UserId", int)


def signature_of(hint: Any) -> Signature:
    def takes(value): ...

    takes.__annotations__ = {"value": hint}
    return Signature(takes)


def shape_of(hint: Any) -> dict[str, Any]:
    schema = signature_of(hint).schema
    Schema(json.dumps(schema))
    shape: dict[str, Any] = schema["properties"]["value"]
    return shape


@pytest.mark.parametrize(
    ("hint", "schema"),
    [
        (str, {"type": "string"}),
        (Any, {}),
        (None, {"type": "null"}),
        (list, {"type": "array"}),
        (list[int], {"type": "array", "items": {"type": "integer"}}),
        (Sequence[str], {"type": "array", "items": {"type": "string"}}),
        (dict, {"type": "object"}),
        (Mapping[str, float], {"type": "object", "additionalProperties": {"type": "number"}}),
        (set[int], {"type": "array", "items": {"type": "integer"}, "uniqueItems": True}),
        (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
        (
            tuple[int, str],
            {
                "type": "array",
                "minItems": 2,
                "maxItems": 2,
                "prefixItems": [{"type": "integer"}, {"type": "string"}],
            },
        ),
        (Literal["a", 1, True], {"enum": ["a", 1, True]}),
        (Optional[int], {"anyOf": [{"type": "integer"}, {"type": "null"}]}),  # noqa: UP045 - this form too
        (Union[int, str], {"anyOf": [{"type": "integer"}, {"type": "string"}]}),  # noqa: UP007
        (int | None, {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        (Colour, {"enum": ["red", 42]}),
        (UserId, {"type": "integer"}),
        (
            Annotated[int, "How many", {"minimum": 1}],
            {"type": "integer", "description": "How many", "minimum": 1},
        ),
        (
            Annotated[str, pydantic.Field(description="A code", max_length=3)],
            {"type": "string", "description": "A code", "maxLength": 3},
        ),
        (
            Annotated[list[int], pydantic.Field(min_length=1)],
            {"type": "array", "items": {"type": "integer"}, "minItems": 1},
        ),
        (Point, {"$ref": "#/$defs/Point"}),
    ],
)
def test_every_type_has_its_schema(hint, schema):
    assert shape_of(hint) == schema


@pytest.mark.parametrize(
    ("hint", "given", "expected"),
    [
        (int, 3.0, 3),
        (float, 3, 3.0),
        (tuple[int, str], [1, "a"], (1, "a")),
        (tuple[int, ...], [1, 2], (1, 2)),
        (set[str], ["a", "b"], {"a", "b"}),
        (frozenset[int], [1], frozenset({1})),
        (Colour, 42, Colour.ANSWER),
        (Colour, 42.0, Colour.ANSWER),
        (Level, 0, Level.LOW),
        (list[Colour], ["red"], [Colour.RED]),
        (dict[str, Colour], {"a": "red"}, {"a": Colour.RED}),
        (Point, {"x": 1}, Point(1.0)),
        (Point | None, None, None),
        (Optional[Point], {"x": 1}, Point(1.0)),  # noqa: UP045
        (Point | int | str, {"x": 1, "y": 2}, Point(1.0, 2.0)),
        (Point | int | str, 7, 7),
        (Point | int | str, "p", "p"),
        (Tree | Point, {"x": 1}, Point(1.0)),
        (Tree, {"label": "a", "children": [{"label": "b"}]}, Tree("a", [Tree("b")])),
        (Film, {"title": "M", "year": 1931.0}, {"title": "M", "year": 1931}),
        (Old, {"title": "M"}, {"title": "M"}),
        (Outer, {"inner": {"n": 1}}, Outer(inner=Inner(n=1))),
        (list[Outer], [{"inner": {"n": 1}}], [Outer(inner=Inner(n=1))]),
        (Literal["a"], "a", "a"),
        (Literal[Colour.RED], "red", Colour.RED),
        (Any, {"a": [1]}, {"a": [1]}),
    ],
)
def test_arguments_become_what_the_function_expects(hint, given, expected):
    signature = signature_of(hint)
    assert Schema(json.dumps(signature.schema)).check(json.dumps({"value": given})) == []
    made = signature.convert({"value": given})["value"]
    assert made == expected
    assert type(made) is type(expected)


@pytest.mark.parametrize(
    ("hint", "given"),
    [
        (Point, {"x": 1, "z": 2}),
        (Point, {"y": 1}),
        (Film, {"year": 1}),
        (Film, {"title": "M", "director": "Lang"}),
        (Old, {"year": 1}),
        (Colour, "green"),
        (Colour, True),
        (tuple[int, str], [1]),
        (set[int], [1, 1]),
        (Outer, {"inner": {"n": -1}}),
        (Outer, {"inner": {"n": 1}, "more": 1}),
        (Outer, {"inner": {"n": 1, "more": 1}}),
        (int, True),
        (int, 1.5),
        (Tree, {"label": "a", "children": [{"label": 1}]}),
    ],
)
def test_what_does_not_fit_is_refused(hint, given):
    assert Schema(json.dumps(signature_of(hint).schema)).check(json.dumps({"value": given}))


@pytest.mark.parametrize(
    "hint", [bytes, complex, dict[int, str], Literal[b"x"], [1, 2], object(), type("X", (), {})]
)
def test_a_type_that_json_cannot_carry_is_a_clear_error(hint):
    with pytest.raises(ValidationError, match="'value'"):
        shape_of(hint)


def test_fields_are_described_by_the_docstring_of_their_class():
    definition = signature_of(Point).schema["$defs"]["Point"]
    assert definition["properties"]["x"] == {"type": "number", "description": "To the right."}
    assert definition["properties"]["y"] == {"type": "number", "default": 0.0}
    assert definition["required"] == ["x"]


def test_classes_of_the_same_name_are_kept_apart():
    def another():
        @dataclass
        class Point:
            name: str

        return Point

    signature = signature_of(tuple[Point, another()])
    assert len(signature.schema["$defs"]) == 2
    assert signature.convert({"value": [{"x": 1}, {"name": "n"}]})["value"][1].name == "n"


def test_defaults_are_told_as_json_has_them() -> None:
    @tool
    def paint(colour: Colour = Colour.RED, at: Point = Point(1, 2), by: object = object()) -> None:
        """Paints."""

    properties = paint.spec.parameters["properties"]
    assert properties["colour"]["default"] == "red"
    assert properties["at"]["default"] == {"x": 1, "y": 2}
    assert "default" not in properties["by"]
    assert paint.spec.parameters["required"] == []


def test_a_class_that_refuses_its_fields_is_a_validation_error():
    with pytest.raises(ValidationError, match="ValueError: odd"):
        signature_of(Even).convert({"value": {"n": 3}})


GOOGLE = """Moves it.

    Slowly.

    Args:
        x (int): To the
            right: far.
        y: Up.

    Returns:
        Nothing: at all.
    """
NUMPY = """Moves it.

    Slowly.

    Parameters
    ----------
    x : int
        To the
        right: far.
    y
        Up.

    Returns
    -------
    None
    """
SPHINX = """Moves it.

    Slowly.

    :param int x: To the
        right: far.
    :param y: Up.
    :returns: Nothing.
    """


@pytest.mark.parametrize("text", [GOOGLE, NUMPY, SPHINX])
def test_the_three_styles_of_docstrings_are_read(text):
    def move(x: int, y: int): ...

    move.__doc__ = text
    made = tool(move)
    assert made.spec.description == "Moves it.\n\nSlowly."
    texts = {name: schema["description"] for name, schema in made.spec.parameters["properties"].items()}
    assert texts == {"x": "To the right: far.", "y": "Up."}


def test_annotated_wins_over_the_docstring() -> None:
    @tool
    def move(x: Annotated[int, "Here"]):
        """Moves.

        Args:
            x: There.
        """

    assert move.spec.parameters["properties"]["x"]["description"] == "Here"
