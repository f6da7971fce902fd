"""Answers as instances of a type."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, Literal, TypedDict

import pydantic
import pytest
from graphbit_openai import OpenAIProvider

from graphbit_core import ChatResponse, Host, LlmClient, Message, StructuredOutputError, ValidationError
from graphbit_core.llm.structured import Form
from graphbit_core.testing import ModelServer, Reply, ScriptedModel
from graphbit_core.testing.replies import chat_body
from tests.llm.endpoints import models


class Color(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Part:
    name: str
    color: Color


@dataclass(frozen=True)
class Car:
    """A car.

    Args:
        wheels: How many.
    """

    wheels: int
    parts: tuple[Part, ...]
    note: str | None = None


class Point(TypedDict):
    x: float
    y: float


class Person(pydantic.BaseModel):
    name: str
    age: Annotated[int, pydantic.Field(ge=0)]

    @pydantic.field_validator("name")
    @classmethod
    def _capital(cls, value: str) -> str:
        if not value.istitle():
            raise ValueError("a name begins with a capital")
        return value


@dataclass
class Tree:
    value: int
    children: list[Tree] = field(default_factory=list)


class Able(ScriptedModel):
    capabilities = frozenset({"stream", "json_output"})


def client_of(*turns: Any, able: bool = True) -> tuple[LlmClient, ScriptedModel]:
    model = (Able if able else ScriptedModel)(turns)
    host, _ = models(a=model)
    return LlmClient("a:m", host=host), model


CAR = Car(4, (Part("door", Color.RED),))
CAR_TEXT = '{"wheels": 4, "parts": [{"name": "door", "color": "red"}]}'
CASES: list[tuple[Any, str, Any]] = [
    (Car, CAR_TEXT, CAR),
    (Point, '{"x": 1, "y": 2.5}', {"x": 1.0, "y": 2.5}),
    (Person, '{"name": "Ada", "age": 36}', Person(name="Ada", age=36)),
    (Tree, '{"value": 1, "children": [{"value": 2, "children": []}]}', Tree(1, [Tree(2)])),
    (int, '{"value": 3}', 3),
    (list[Color], '{"value": ["red", "blue"]}', [Color.RED, Color.BLUE]),
    (Literal["yes", "no"], '{"value": "no"}', "no"),
    (Car | None, '{"value": null}', None),
    (dict[str, int], '{"a": 1}', {"a": 1}),
]


@pytest.mark.parametrize("able", [True, False], ids=["json output", "instructed"])
@pytest.mark.parametrize(("kind", "text", "value"), CASES, ids=lambda case: str(case)[:20])
def test_an_answer_becomes_an_instance(kind: Any, text: str, value: Any, able: bool) -> None:
    client, model = client_of(text, text, able=able)
    assert client.complete_as(kind, "Make one.") == value
    assert asyncio.run(client.complete_as_async(kind, "Make one.")) == value
    request = model.requests[0]
    schema = json.dumps(Form(kind).output.schema)
    if able:
        assert request.output is not None
        assert json.dumps(request.output.schema) == schema
    else:
        assert request.output is None
        assert schema in request.messages[0].text


def test_instructions_are_added_to_those_that_are_there() -> None:
    client, model = client_of('{"value": 3}', able=False)
    client.complete_as(int, "Count.", system="Be exact.")
    system, user = model.requests[0].messages
    assert system.text.startswith("Be exact.\n\n")
    assert user.text == "Count."


def test_a_fenced_answer_is_read() -> None:
    client, _ = client_of('```json\n{"value": 3}\n```', able=False)
    assert client.complete_as(int, "Count.") == 3


WRONG = {
    "no JSON": ("four wheels", "JSON"),
    "cut": ('{"wheels": 4', "JSON"),
    "two values": ('{"wheels": 4, "parts": []} {}', "JSON"),
    "a missing field": ('{"wheels": 4}', "parts"),
    "another type": ('{"wheels": "4", "parts": []}', "wheels"),
    "an unknown field": ('{"wheels": 4, "parts": [], "doors": 2}', "doors"),
    "no member": ('{"wheels": 4, "parts": [{"name": "a", "color": "green"}]}', "color"),
    "a number JSON has not": ('{"wheels": NaN, "parts": []}', ""),
}


@pytest.mark.parametrize("way", ["blocking", "async"])
@pytest.mark.parametrize(("text", "says"), WRONG.values(), ids=WRONG)
def test_what_does_not_fit_is_asked_for_again_with_what_is_wrong(way: str, text: str, says: str) -> None:
    client, model = client_of(text, CAR_TEXT)
    if way == "blocking":
        found = client.complete_as(Car, "Make one.")
    else:
        found = asyncio.run(client.complete_as_async(Car, "Make one."))
    assert found == CAR
    _, said, told = model.requests[1].messages
    assert said.text == text
    assert says in told.text


def test_what_a_class_refuses_is_asked_for_again() -> None:
    client, model = client_of('{"name": "ada", "age": 36}', '{"name": "Ada", "age": 36}')
    assert client.complete_as(Person, "Who?").name == "Ada"
    assert "begins with a capital" in model.requests[1].messages[-1].text


@pytest.mark.parametrize("repairs", [0, 1, 2])
def test_repairs_are_bounded_and_the_error_has_text_and_findings(repairs: int) -> None:
    client, model = client_of(*["{}"] * 3, "{}")
    with pytest.raises(StructuredOutputError) as caught:
        client.complete_as(Car, "Make one.", repairs=repairs)
    error = caught.value
    assert len(model.requests) == repairs + 1
    assert (error.text, error.attempts) == ("{}", repairs + 1)
    assert {finding.code for finding in error.findings or ()} == {"output"}
    assert "wheels" in str(error)


@pytest.mark.parametrize("reason", ["length", "content_filter", "refusal"])
def test_an_answer_that_was_cut_or_refused_is_not_asked_for_again(reason: Any) -> None:
    client, model = client_of(ChatResponse(Message("assistant", CAR_TEXT), reason))
    with pytest.raises(StructuredOutputError, match=reason):
        client.complete_as(Car, "Make one.")
    assert len(model.requests) == 1


@pytest.mark.parametrize(
    ("kind", "strict"), [(Point, True), (Car, False), (Part, True), (dict[str, int], False), (int, True)]
)
def test_the_strict_form_is_asked_for_only_where_the_schema_has_it(kind: Any, strict: bool) -> None:
    assert Form(kind).output.strict is strict


def test_the_schema_goes_over_the_wire(server: ModelServer) -> None:
    url = server.script(Reply.json(chat_body('{"x": 1, "y": 2}')))
    host = Host.isolated({("provider", "openai"): OpenAIProvider})
    client = LlmClient("openai:m", host=host, base_url=url, api_key="sk-x1234567")
    assert client.complete_as(Point, "Where?") == {"x": 1.0, "y": 2.0}
    (request,) = server.requests(url)
    asked = request.json()["response_format"]["json_schema"]
    assert (asked["name"], asked["strict"]) == ("Point", True)
    assert set(asked["schema"]["properties"]) == {"x", "y"}


def test_a_type_without_a_json_form_is_refused_before_anything_is_sent() -> None:
    client, model = client_of()
    with pytest.raises(ValidationError, match="no JSON form"):
        client.complete_as(complex, "What?")
    assert not model.requests


@pytest.mark.parametrize(
    "options", [{"repairs": -1}, {"output": Form(int).output}], ids=["repairs", "output"]
)
def test_what_cannot_be_meant_is_refused(options: dict[str, Any]) -> None:
    client, _ = client_of()
    with pytest.raises(ValidationError):
        client.complete_as(int, "Count.", **options)
