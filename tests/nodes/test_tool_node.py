"""A node that calls one tool."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from graphbit_core import Executor, Host, Node, ToolError, Workflow, tool
from graphbit_core.nodes.tool import ToolNode
from graphbit_core.testing import NodeTypeConformance, ScriptedModel

from .agents import COMPONENTS, run

NOBODY = ScriptedModel()


@dataclass
class Order:
    item: str
    count: int = 1


@tool
def place(order: Order, note: str = "") -> dict[str, object]:
    """Places an order."""
    return {"order": order, "note": note}


@tool
async def total(prices: list[float]) -> float:
    """Adds up."""
    return sum(prices)


class TestToolNodeConformance(NodeTypeConformance):
    component = ToolNode
    settings = {"tool": total, "arguments": {"prices": "{prices}"}}
    inputs = {"prices": [1, 2.5]}
    expected = 3.5
    bad_settings = (
        {},
        {"tool": 5},
        {"tool": "no.module:f"},
        {"tool": total},
        {"tool": total, "arguments": {"prices": [], "tax": 1}},
        {"tool": total, "arguments": []},
    )


def test_a_single_placeholder_keeps_the_type_of_its_value():
    node = Node.tool(
        "t", place, {"order": {"item": "{what}", "count": "{n}"}, "note": "for {who}: {n} {{n}}"}
    )
    ran = run(node, llm=NOBODY, inputs={"what": "tea", "n": 3, "who": "Ada"})
    assert ran.output == {"order": Order("tea", 3), "note": "for Ada: 3 {n}"}


def test_arguments_reach_into_outputs_of_earlier_nodes():
    ran = run(
        Node.transform("cart", lambda: {"prices": [1, 2], "first": {"name": "tea"}}),
        Node.tool("t", total, {"prices": "{cart.prices}"}),
        llm=NOBODY,
    )
    assert ran.output == 3.0


def test_a_value_is_not_read_as_a_template():
    ran = run(Node.tool("t", place, {"order": {"item": "{x}"}}), llm=NOBODY, inputs={"x": "{secret} {{x}}"})
    assert ran.output["order"].item == "{secret} {{x}}"


def test_what_its_arguments_need_are_inputs_of_the_run():
    workflow = Workflow("w").chain(Node.tool("t", place, {"order": {"item": "{what}"}, "note": "{who.name}"}))
    assert list(workflow.compile(Host.isolated(COMPONENTS)).inputs) == ["what", "who"]


@pytest.mark.parametrize(
    ("inputs", "reason", "named"),
    [({"x": "two"}, "arguments", "/order/count"), ({"x": 1.5}, "arguments", "/order/count")],
)
def test_arguments_that_do_not_fit_fail_the_node(inputs, reason, named):
    ran = run(Node.tool("t", place, {"order": {"item": "tea", "count": "{x}"}}), llm=NOBODY, inputs=inputs)
    assert ran.result.state == "failed"
    assert isinstance(ran.cause, ToolError)
    assert ran.cause.reason == reason
    assert named in ran.cause.message


def test_a_failure_of_the_tool_fails_the_node_with_its_cause():
    @tool(idempotent=True)
    def fail():
        """Fails."""
        raise OSError("disk")

    ran = run(Node.tool("t", fail), llm=NOBODY)
    assert isinstance(ran.cause, ToolError)
    assert isinstance(ran.cause.__cause__, OSError)
    assert ran.cause.retryable is True
    assert [kind for kind, _ in ran.of("tool.")] == ["tool.started", "tool.failed"]


def test_it_asks_for_approval_as_an_agent_does() -> None:
    @tool(requires_approval=True)
    def delete() -> str:
        """Deletes."""
        return "gone"

    assert run(Node.tool("t", delete), llm=NOBODY, services={"approve": lambda call: True}).output == "gone"
    refused = run(Node.tool("t", delete), llm=NOBODY).cause
    assert isinstance(refused, ToolError)
    assert refused.reason == "refused"


def test_a_file_names_the_tool_by_its_place_or_as_it_is_installed():
    host = Host.isolated({**COMPONENTS, ("tool", "adder"): total})
    for named in (f"{__name__}:total", "adder"):
        node = {"type": "tool", "tool": named, "arguments": {"prices": [1, "{tax}"]}}
        workflow = Workflow.from_dict({"name": "w", "nodes": {"t": node}})
        result = Executor(host=host).execute(workflow, {"tax": 0.5})
        assert result.raise_for_failure().output == 1.5
        assert Workflow.from_dict(workflow.to_dict()).to_dict() == workflow.to_dict()
