"""Caps on what one run may use."""

from __future__ import annotations

import time

import pytest

from graphbit_core import (
    BudgetExceededError,
    ChatResponse,
    ConfigError,
    Executor,
    Host,
    Message,
    Node,
    RunCaps,
    ToolCall,
    Usage,
    Workflow,
    tool,
)
from graphbit_core.nodes.agent import AgentNode
from graphbit_core.testing import ScriptedModel


def run(host, caps, *nodes, **settings):
    return Executor(host=host, caps=caps, **settings).execute(Workflow("w").chain(*nodes))


def spends(tokens):
    def body(context):
        context.add_usage(Usage(input_tokens=tokens))
        return "done"

    return body


@pytest.mark.parametrize(
    ("caps", "cap", "used"),
    [
        (RunCaps(nodes=3), "nodes", 4),
        (RunCaps(tokens=25), "tokens", 30),
        (RunCaps(output_bytes=6), "output_bytes", 8),
    ],
)
def test_a_run_that_passes_a_cap_is_stopped_with_a_typed_error(host, caps, cap, used):
    nodes = [Node.transform(f"n{number}", spends(10), on_error={"value": 0}) for number in range(6)]
    result = run(host, caps, *nodes)
    assert result.state == "failed"
    assert isinstance(result.error, BudgetExceededError)
    assert (result.error.cap, result.error.used) == (cap, used)
    assert result.nodes[5].state in ("cancelled", "skipped")


def test_a_run_within_its_caps_is_not_touched(host):
    caps = RunCaps(nodes=2, tokens=20, output_bytes=8, seconds=60)
    assert run(host, caps, *(Node.transform(f"n{number}", spends(10)) for number in range(2))).is_success()


def test_the_items_of_a_map_count_as_nodes(host):
    items = Node.transform("items", lambda: list(range(50)))
    result = run(host, RunCaps(nodes=20), items, Node.map("each", Node.transform("body", lambda item: item)))
    assert isinstance(result.error, BudgetExceededError)


def test_rounds_of_tools_are_capped_over_all_agents_together():
    def look(place: str) -> str:
        """Looks at a place."""
        return f"{place} is fine"

    def asks(number):
        return ToolCall(f"call-{number}", "look", '{"place": "here"}')

    model = ScriptedModel([asks(1), "fine", asks(2), asks(3), "fine too"])
    components = {("node_type", "agent"): AgentNode, ("provider", "scripted"): lambda: model}
    agents = [Node.agent(name, "Look.", tools=[tool(look)]) for name in ("first", "second")]
    executor = Executor("scripted", host=Host.isolated(components), caps=RunCaps(tool_rounds=2))
    result = executor.execute(Workflow("w").chain(*agents))
    assert isinstance(result.error, BudgetExceededError)
    assert (result.error.cap, result.error.used) == ("tool_rounds", 3)
    assert len(model.requests) == 4


def test_a_cap_of_seconds_ends_the_run(host):
    began = time.monotonic()
    result = run(host, RunCaps(seconds=0.1), Node.delay("wait", 30))
    assert result.state == "failed"
    assert isinstance(result.error, BudgetExceededError)
    assert result.error.cap == "seconds"
    assert time.monotonic() - began < 5


def test_a_cap_says_what_it_may_be():
    with pytest.raises(ValueError, match="the cap seconds is 0"):
        RunCaps(seconds=0)


def agents_host(model, provider="extractive"):
    components = {("node_type", "agent"): AgentNode, ("provider", provider): lambda: model}
    return Host.isolated(components)


def test_money_is_capped_over_all_agents_together():
    answers = [ChatResponse(Message("assistant", "yes"), usage=Usage(1, 1, cost=0.04)) for _ in range(5)]
    host = agents_host(ScriptedModel(answers), "scripted")
    agents = [Node.agent(f"n{number}", "Say yes.", on_error={"value": "no"}) for number in range(5)]
    result = Executor("scripted", host=host, caps=RunCaps(usd=0.1)).execute(Workflow("w").chain(*agents))
    assert isinstance(result.error, BudgetExceededError)
    assert (result.error.cap, result.error.limit, result.error.used) == ("usd", 0.1, 0.12)


def test_prices_of_the_registry_count_where_the_api_says_no_cost():
    answer = ChatResponse(Message("assistant", "yes"), usage=Usage(1_000_000, 0))
    host = agents_host(ScriptedModel([answer, answer]), "openai")
    agents = [Node.agent(f"n{number}", "Say yes.") for number in range(2)]
    executor = Executor("openai:gpt-4o", host=host, caps=RunCaps(usd=4))
    result = executor.execute(Workflow("w").chain(*agents))
    assert (result.error.cap, result.error.used) == ("usd", 5.0)


def test_without_a_price_an_agent_fails_where_money_is_capped():
    host = agents_host(ScriptedModel(["yes"]), "mine")
    result = Executor("mine", host=host, caps=RunCaps(usd=1)).execute(
        Workflow("w").chain(Node.agent("a", "Say yes."))
    )
    assert isinstance(result.error.__cause__, ConfigError)
    assert "the price of mine:scripted is not known" in str(result.error)


def test_calls_of_models_are_capped():
    host = agents_host(ScriptedModel(["yes"], repeat_last=True), "scripted")
    agents = [Node.agent(f"n{number}", "Say yes.") for number in range(5)]
    result = Executor("scripted", host=host, caps=RunCaps(llm_calls=2)).execute(Workflow("w").chain(*agents))
    assert (result.error.cap, result.error.used) == ("llm_calls", 3)
