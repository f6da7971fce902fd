"""Tools from functions."""

from __future__ import annotations

import functools
from typing import Annotated, Literal

import pytest

from graphbit_core import ValidationError, tool


@tool
def weather(
    city: Annotated[str, "Name of the city"], unit: Literal["C", "F"] = "C", days: int | None = None
) -> str:
    """Tells the weather."""
    return f"{city} {unit} {days}"


def test_the_schema_comes_from_type_hints_and_defaults():
    assert weather.spec.name == "weather"
    assert weather.spec.description == "Tells the weather."
    assert weather.spec.parameters == {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "Name of the city"},
            "unit": {"enum": ["C", "F"], "default": "C"},
            "days": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        },
        "required": ["city"],
        "additionalProperties": False,
    }


def test_calling_it_calls_the_function():
    assert weather("Rome", days=2) == "Rome C 2"
    assert weather.call({"city": "Rome", "unit": "F"}) == "Rome F None"


@pytest.mark.parametrize("arguments", [{}, {"city": "x", "country": "y"}])
def test_missing_and_unknown_arguments_are_named(arguments):
    with pytest.raises(ValidationError, match=r"city|country"):
        weather.call(arguments)


def test_nested_types_are_described() -> None:
    @tool(name="plot", description="Draws.")
    def draw(points: list[dict[str, float]], title: str | None = None) -> None: ...

    properties = draw.spec.parameters["properties"]
    assert properties["points"] == {
        "type": "array",
        "items": {"type": "object", "additionalProperties": {"type": "number"}},
    }
    assert draw.spec.name == "plot"


def test_a_parameter_that_cannot_be_described_is_named():
    def untyped(a):
        """Does."""

    def complex_(a: complex):
        """Does."""

    def star(*a: int):
        """Does."""

    def undescribed(a: int): ...

    for function, named in (
        (untyped, "'a'"),
        (complex_, "complex"),
        (star, "variadic"),
        (undescribed, "docstring"),
    ):
        with pytest.raises(ValidationError, match=named):
            tool(function)


def test_what_annotated_adds_need_not_have_a_hash():
    def seek(word: Annotated[str, ["not hashable"], "The word"]):
        """Seeks."""

    schema = tool(seek).spec.parameters["properties"]["word"]
    assert schema == {"type": "string", "description": "The word"}


def unreadable(word: Nowhere):  # type: ignore[name-defined]  # noqa: F821
    """Seeks."""


@pytest.mark.parametrize("function", [unreadable, functools.partial(print, end="")])
def test_a_function_whose_name_or_types_cannot_be_read_is_refused(function):
    with pytest.raises(ValidationError, match=r"cannot be read|has no name"):
        tool(function)
