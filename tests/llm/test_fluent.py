"""A call that is written as a chain."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from graphbit_openai import OpenAIProvider

from graphbit_core import Host, LlmClient, TextPart, ToolCall, ValidationError, model
from graphbit_core.testing import ModelServer
from tests.llm.conftest import KEY
from tests.llm.endpoints import models


def test_a_chain_says_what_the_request_holds(server: ModelServer) -> None:
    host = Host.isolated({("provider", "openai"): OpenAIProvider})
    call = (
        model("openai:m", host=host, base_url=server.url, api_key=KEY)
        .system("Be brief.")
        .prompt("Hello")
        .temperature(0.7)
        .max_tokens(50)
        .top_p(0.9)
        .stop("END")
        .options(seed=7)
    )
    assert call.execute() == "Hello"
    assert asyncio.run(call.execute_async()) == "Hello"
    body = server.requests()[0].json()
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert (body["temperature"], body["top_p"], body["seed"], body["stop"]) == (0.7, 0.9, 7, ["END"])
    assert body["max_completion_tokens"] == 50


def test_each_step_leaves_the_one_before_as_it_was() -> None:
    host, made = models(a=["one", "two"])
    base = model("a:m", host=host).system("Be brief.")
    first, second = base.prompt("First"), base.prompt("Second").temperature(0)
    assert [first.execute(), second.execute()] == ["one", "two"]
    asked = [[message.text for message in request.messages] for request in made["a"].requests]
    assert asked == [["Be brief.", "First"], ["Be brief.", "Second"]]
    assert [request.temperature for request in made["a"].requests] == [None, 0]
    assert first.client is second.client


def test_a_conversation_goes_on() -> None:
    host, made = models(a=["ok"])
    turns = [("user", "My name is Ada."), ("assistant", "Hello Ada.")]
    assert model("a:m", host=host).messages(turns).prompt([TextPart("Who am I?")]).execute() == "ok"
    assert [message.role for message in made["a"].requests[0].messages] == ["user", "assistant", "user"]


@pytest.mark.parametrize("way", ["blocking", "async"])
@pytest.mark.parametrize("streaming", [True, False])
def test_an_answer_can_be_read_as_it_arrives(server: ModelServer, way: str, streaming: bool) -> None:
    host = Host.isolated({("provider", "openai"): OpenAIProvider})
    call = model("openai:m", host=host, base_url=server.url, api_key=KEY).prompt("Hi").streaming(streaming)
    stream = call.execute_streaming()
    if way == "blocking":
        pieces = list(stream)
    else:

        async def read() -> list[str]:
            return [piece async for piece in stream]

        pieces = asyncio.run(read())
    assert "".join(pieces) == stream.response.text == call.execute() == "Hello"
    streamed = [bool(request.json().get("stream")) for request in server.requests()]
    assert streamed == [True, streaming]


def add(a: int, b: int) -> int:
    """Adds."""
    return a + b


TURNS = [ToolCall("1", "add", '{"a": 1, "b": 2}'), "3"]


def test_tools_are_called_until_the_model_answers() -> None:
    host, made = models(a=TURNS * 3)
    call = model("a:m", host=host).prompt("1 + 2?").tools(add)
    assert call.execute() == "3"
    assert asyncio.run(call.execute_async()) == "3"

    async def blocking_within_a_loop() -> str:
        return call.execute()

    assert asyncio.run(blocking_within_a_loop()) == "3"
    assert made["a"].requests[1].messages[-1].text == "3"


def test_the_answer_can_have_a_type() -> None:
    host, _ = models(a=['{"value": 3}'] * 2)
    call = model("a:m", host=host).prompt("1 + 2?")
    assert call.execute_as(int) == asyncio.run(call.execute_as_async(int)) == 3


def test_a_client_that_is_there_is_used() -> None:
    host, _ = models(a=["ok"])
    client = LlmClient("a:m", host=host)
    assert model(client).prompt("Hi").execute() == "ok"
    assert client.get_stats()["total_requests"] == 1
    with pytest.raises(ValidationError, match="already"):
        model(client, timeout=5)


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (lambda call: call.execute(), r"add \.prompt"),
        (lambda call: call.prompt("Hi").options(temprature=1), "did you mean 'temperature'"),
        (lambda call: call.prompt("Hi").temperature(3).execute(), "0 to 2"),
        (lambda call: call.prompt("Hi").tools(add).execute_streaming(), "takes no tools"),
        (lambda call: call.messages([("usr", "Hi")]).execute(), "did you mean 'user'"),
        (lambda call: call.messages(["Hi"]).execute(), "pair of role and text"),
    ],
)
def test_what_is_wrong_is_told_with_the_fix(write: Any, says: str) -> None:
    host, _ = models(a=[])
    with pytest.raises(ValidationError, match=says):
        write(model("a:m", host=host))
