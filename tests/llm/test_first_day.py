"""What people get wrong on their first day, and what they are told."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

import graphbit_core.testing as kit
from graphbit_core import (
    ChatRequest,
    Host,
    ImagePart,
    LlmClient,
    Message,
    Node,
    UnavailableError,
    ValidationError,
    Workflow,
    tool,
)
from graphbit_core.testing import ScriptedModel


@dataclass(frozen=True)
class Plan:
    title: str


def client(*turns: object, model: str = "main", **options: object) -> LlmClient:
    host = Host()
    host.add("provider", "main", lambda: ScriptedModel(turns))  # type: ignore[arg-type]
    return LlmClient(model, host=host, **options)  # type: ignore[arg-type]


def test_a_fallback_that_takes_no_schema_is_asked_in_words():
    host = Host()
    main = ScriptedModel([UnavailableError("down")], can=["json_output"])
    spare = ScriptedModel(['{"title": "T"}'])
    host.add("provider", "main", lambda: main)
    host.add("provider", "spare", lambda: spare)
    assert LlmClient("main", fallbacks=["spare"], host=host).complete_as(Plan, "x") == Plan("T")
    assert main.requests[0].output is not None
    assert spare.requests[0].output is None
    assert '"title"' in spare.requests[0].messages[0].text


def test_an_error_says_which_call_it_was():
    error = UnavailableError(
        "HTTP 503: busy", provider="openai", model="m", attempts=3, retry_after=2.0, request_id="req_9"
    )
    assert str(error) == "HTTP 503: busy (openai:m, 3 attempts, retry after 2.0 s, request req_9)"
    assert error.message == "HTTP 503: busy"
    assert str(UnavailableError("HTTP 503: busy", attempts=3)) == "HTTP 503: busy"


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("timeout", "give it to the client"),
        ("policy", "respond"),
        ("observe", "respond"),
        ("temprature", "did you mean 'temperature'"),
    ],
)
def test_an_option_of_another_place_is_refused_with_that_place(option: str, told: str):
    with pytest.raises(ValidationError, match=told):
        client().complete("x", **{option: 1})  # type: ignore[arg-type]


def test_messages_may_be_written_as_apis_write_them():
    assert client("Hello.").chat([{"role": "user", "content": "Hi"}]).text == "Hello."
    with pytest.raises(ValidationError, match="complete takes a text"):
        client().chat("Hi")  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match=r"such as \('user', 'Hello'\)"):
        client().chat([{"role": "user"}])


def test_functions_may_be_offered_as_tools():
    host = Host()
    host.add("provider", "main", lambda: model)
    model = ScriptedModel(["a", "b", "c"])

    def add(a: int, b: int) -> int:
        """Adds."""
        return a + b

    client = LlmClient("main", host=host)
    for given in (add, tool(add), tool(add).spec):
        client.complete_full("1 + 1?", tools=[given])
    assert [request.tools for request in model.requests] == [(tool(add).spec,)] * 2 + [[tool(add).spec]]
    with pytest.raises(ValidationError, match="is a ToolSpec, not 3"):
        client.respond(ChatRequest([Message("user", "x")], tools=[3]))  # type: ignore[list-item]


def test_bytes_are_no_address_of_an_image():
    with pytest.raises(ValidationError, match="bytes go into data"):
        client(model="main").complete([ImagePart(b"x", "image/png")])  # type: ignore[arg-type]


@pytest.mark.parametrize("url", ["cat.png", "/tmp/cat.png", r"C:\cat.png", ""])
def test_a_file_on_this_machine_is_no_url_of_an_image(url: str):
    with pytest.raises(ValidationError, match="read_bytes"):
        client("x").complete_full([ImagePart(url=url)])


def test_a_provider_without_a_default_model_or_capabilities_says_what_is_missing():
    class House(ScriptedModel):
        default_model = ""

    class Silent(ScriptedModel):
        def __init__(self) -> None:
            super().__init__(["x"])
            self.capabilities = None  # type: ignore[assignment]

    host = Host()
    host.add("provider", "house", lambda: House(["Hello."]))
    host.add("provider", "silent", Silent)
    with pytest.raises(ValidationError, match="name the model: 'house:model'"):
        LlmClient("house", host=host)
    assert LlmClient("house:large", host=host).complete("Hi") == "Hello."
    with pytest.raises(ValidationError, match="capabilities = frozenset"):
        LlmClient("silent", host=host)


def test_one_text_is_not_a_batch_of_letters():
    with pytest.raises(ValidationError, match="list of prompts"):
        client().complete_batch("Hi")
    with pytest.raises(ValidationError, match="a text or a list of parts"):
        client().complete(3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ({"timout": 3}, "did you mean 'timeout'"),
        ({"router": "cheap"}, "did you mean 'cheapest'"),
        ({"cache": 3}, "cache is 3"),
        ({"budget": 3}, "budget is 3"),
    ],
)
def test_a_wrong_setting_of_a_client_is_told_when_it_is_made(setting: dict[str, object], told: str):
    with pytest.raises(ValidationError, match=told):
        client(**setting)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ({"max_attempt": 3}, 'did you mean "max_attempts"'),
        ({"max_attempts": "3"}, "max_attempts must be a number, not '3'"),
        ({"patience": 3}, "it has connect_timeout"),
        ({"first_byte_timeout": 0}, "above 0"),
    ],
)
def test_a_wrong_policy_is_told_before_the_first_call(policy: dict[str, object], told: str):
    with pytest.raises(ValidationError, match=told):
        LlmClient("compatible", base_url="http://127.0.0.1:1/v1", policy=policy)  # type: ignore[arg-type]
    (finding,) = Workflow("W").chain(Node.agent("ask", "x", policy=policy)).validate()  # type: ignore[arg-type]
    assert told.split("(")[0] in finding.message


def test_the_kit_lists_what_it_offers():
    assert {"ModelServer", "ScriptedModel", "cassette"} <= set(dir(kit))
