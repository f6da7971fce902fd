"""Caps on what one run may use."""

from __future__ import annotations

import time

import pytest

from graphbit_core import BudgetExceededError, Executor, Host, Node, RunCaps, ToolCall, Usage, Workflow, tool
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
