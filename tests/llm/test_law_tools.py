"""The law of §11, over the wire in the dialect of each API: what an agent's tool loop sends and calls."""

from __future__ import annotations

from typing import Any

import pytest

from graphbit_core import Executor, LlmClient, Message, Node, Usage, Workflow, WorkflowResult, tool
from graphbit_core.testing import ModelServer
from tests.llm.conftest import KEY
from tests.llm.dialects import DIALECTS, Dialect

CALLED: list[tuple[str, Any]] = []
ULM = {"city": "Ulm"}


@pytest.fixture(autouse=True)
def _nothing_was_called() -> None:
    CALLED.clear()


@tool
def weather(city: str) -> str:
    """Tells the weather."""
    CALLED.append(("weather", city))
    return f"clear in {city}"


@tool
def broken(city: str) -> str:
    """Never works."""
    CALLED.append(("broken", city))
    raise ValueError("the station is down")


@tool
def launch() -> str:
    """Belongs to another agent."""
    CALLED.append(("launch", None))
    return "launched"


def execute(provider: str, url: str, *agents: Node, streamed: bool, **settings: Any) -> WorkflowResult:
    policy = {"max_attempts": 1}
    client = LlmClient(f"{provider}:m", base_url=url, api_key=KEY, timeout=10, policy=policy, **settings)
    workflow = Workflow("w").chain(*agents)
    if not streamed:
        return Executor(client).execute(workflow)
    stream = Executor(client).stream(workflow)
    list(stream)
    return stream.result


def agent(name: str = "a", *tools: Any, **options: Any) -> Node:
    return Node.agent(name, "Go.", system_prompt="Be brief.", tools=tools or (weather, broken), **options)


@pytest.fixture(params=DIALECTS)
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def streamed(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def dialect(provider: str) -> Dialect:
    return DIALECTS[provider]


def test_a_chain_of_k_agents_with_one_tool_call_each_costs_2k_model_calls(
    provider: str, dialect: Dialect, streamed: bool, server: ModelServer
) -> None:
    k = 4
    url = server.script(*[dialect.asks(("weather", ULM)), dialect.says("clear")] * k)
    agents = [agent(f"agent {number}") for number in range(k)]
    result = execute(provider, url, *agents, streamed=streamed)
    assert result.raise_for_failure().output == "clear"
    assert len(server.requests(url)) == 2 * k
    assert [("weather", "Ulm")] * k == CALLED
    assert result.usage.output_tokens == 2 * k * 7


def test_calls_of_one_answer_are_told_in_its_order_and_thoughts_come_back_unchanged(
    provider: str, dialect: Dialect, streamed: bool, server: ModelServer
) -> None:
    asks = dialect.asks(("weather", ULM), ("weather", {"city": "Bonn"}))
    url = server.script(asks, dialect.asks(("weather", {"city": "Köln"})), dialect.says("clear"))
    assert execute(provider, url, agent(), streamed=streamed).raise_for_failure().output == "clear"
    first, second, third = (request.json() for request in server.requests(url))
    assert dialect.told(first) == []
    assert [text for text, _ in dialect.told(second)] == ["clear in Ulm", "clear in Bonn"]
    assert [text for text, _ in dialect.told(third)] == ["clear in Ulm", "clear in Bonn", "clear in Köln"]
    assert not any(failed for _, failed in dialect.told(third))
    for wanted in dialect.again:
        assert (str(second).count(wanted), str(third).count(wanted)) == (1, 2)


def test_system_prompt_and_tools_are_the_same_in_every_turn(
    provider: str, dialect: Dialect, streamed: bool, server: ModelServer
) -> None:
    url = server.script(dialect.asks(("weather", ULM)), dialect.says("clear"))
    execute(provider, url, agent(), streamed=streamed).raise_for_failure()
    first, second = (request.json() for request in server.requests(url))
    assert dialect.instructions(first) == dialect.instructions(second) == "Be brief."
    assert first["tools"] == second["tools"]


def test_a_failure_of_a_tool_is_told_as_one_and_the_loop_goes_on(
    provider: str, dialect: Dialect, streamed: bool, server: ModelServer
) -> None:
    url = server.script(dialect.asks(("broken", ULM), ("weather", ULM)), dialect.says("sorry"))
    assert execute(provider, url, agent(), streamed=streamed).raise_for_failure().output == "sorry"
    (failure, failed), (success, marked) = dialect.told(server.requests(url)[1].json())
    assert (failed, marked, success) == (True, False, "clear in Ulm")
    assert "the station is down" in failure


@pytest.mark.parametrize(
    "given", [{}, {"city": 7}, {"city": "Ulm", "zip": 1}, '{"city": ', "[1]", '"Ulm"'], ids=str
)
def test_arguments_that_do_not_fit_go_back_to_the_model_and_nothing_is_called(
    provider: str, dialect: Dialect, streamed: bool, given: Any, server: ModelServer
) -> None:
    if isinstance(given, str) and (
        provider in ("google", "ollama") or (not streamed and provider == "anthropic")
    ):
        given = {"city": [given]}  # its JSON has no other place for arguments than an object
    url = server.script(
        dialect.asks(("weather", given)), dialect.asks(("weather", ULM)), dialect.says("fine")
    )
    assert execute(provider, url, agent(), streamed=streamed).raise_for_failure().output == "fine"
    assert CALLED == [("weather", "Ulm")]
    (problem, failed), (success, _) = dialect.told(server.requests(url)[2].json())
    assert failed
    assert "the arguments do not fit" in problem
    assert success == "clear in Ulm"


def test_only_tools_of_this_agent_can_be_called(
    provider: str, dialect: Dialect, streamed: bool, server: ModelServer
) -> None:
    url = server.script(dialect.asks(("launch", {})), dialect.says("sorry"), dialect.says("done"))
    other = agent("b", launch)
    assert execute(provider, url, agent(), other, streamed=streamed).raise_for_failure().output == "done"
    assert CALLED == []
    ((problem, failed),) = dialect.told(server.requests(url)[1].json())
    assert failed
    assert "there is no tool 'launch'" in problem


def test_text_that_looks_like_a_tool_call_is_text(
    provider: str, dialect: Dialect, streamed: bool, server: ModelServer
) -> None:
    text = '<tool_call>{"name": "weather", "arguments": {"city": "Ulm"}}</tool_call>'
    url = server.script(dialect.says(text))
    assert execute(provider, url, agent(), streamed=streamed).raise_for_failure().output == text
    assert CALLED == []


def test_the_rounds_of_an_agent_are_bounded(
    provider: str, dialect: Dialect, streamed: bool, server: ModelServer
) -> None:
    url = server.script(dialect.asks(("weather", ULM)))
    result = execute(provider, url, agent(max_iterations=3), streamed=streamed)
    assert result.error is not None
    assert type(result.error.__cause__).__name__ == "ToolRoundsError"
    assert (len(server.requests(url)), len(CALLED)) == (3, 2)
    assert result.usage == Usage() or result.usage.output_tokens == 21


def test_a_conversation_goes_on_with_another_dialects_model(provider: str, server: ModelServer) -> None:
    """What one API signed says nothing to another: its thoughts stay behind, its calls and results do not."""
    asked = DIALECTS[provider]
    for other, dialect in DIALECTS.items():
        if other == provider:
            continue
        first = server.script(asked.asks(("weather", ULM)))
        answer = LlmClient(f"{provider}:m", base_url=first, api_key=KEY).complete_full("Go.")
        second = server.script(dialect.says("clear"))
        _go_on(other, second, answer.message)
        (request,) = server.requests(second)
        assert [text for text, _ in dialect.told(request.json())] == ["clear in Ulm"], other
        assert not any(wanted in str(request.json()) for wanted in asked.again), other


def _go_on(provider: str, url: str, said: Any) -> None:
    call = said.tool_calls[0]
    result = Message("tool", "clear in Ulm", tool_call_id=call.id or "call-0", name=call.name)
    client = LlmClient(f"{provider}:m", base_url=url, api_key=KEY)
    assert client.chat([Message("user", "Go."), said, result]).text == "clear"
