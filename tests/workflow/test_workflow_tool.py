"""A workflow, or an agent, as a tool of another agent."""

from __future__ import annotations

import asyncio
import time

import pytest

from graphbit_core import (
    Executor,
    Host,
    Node,
    ToolCall,
    ToolRegistry,
    Usage,
    ValidationError,
    Workflow,
    WorkflowTool,
    tool,
)
from graphbit_core.nodes.agent import AgentNode
from graphbit_core.nodes.transform import TransformNode
from graphbit_core.testing import ScriptedModel


def host_of(model):
    return Host.isolated(
        {
            ("node_type", "agent"): AgentNode,
            ("node_type", "transform"): TransformNode,
            ("provider", "scripted"): lambda: model,
        }
    )


def workflow(*nodes, name="Inner", description="Looks things up."):
    return Workflow(name, description=description).chain(*nodes)


def told(model, turn=-1):
    return [message.text for message in model.requests[turn].messages if message.role == "tool"]


def test_its_parameters_are_the_inputs_of_the_workflow():
    made = WorkflowTool(workflow(Node.transform("t", template="{word} {n}")), types={"n": int})
    assert made.spec.name == "Inner"
    assert made.spec.description == "Looks things up."
    assert made.spec.parameters["properties"] == {"word": {"type": "string"}, "n": {"type": "integer"}}
    assert made.spec.parameters["required"] == ["word", "n"]
    result = ToolRegistry([made]).call("Inner", {"word": "a", "n": 2})
    assert result.value == "a 2"


def test_an_agent_is_a_tool_of_another_agent_and_its_tokens_are_counted_there():
    model = ScriptedModel(
        [ToolCall("1", "research", '{"topic": "tea"}'), "Tea is from Assam.", "It says: Assam."]
    )
    researcher = workflow(Node.agent("researcher", "Find out about {topic}."))
    made = WorkflowTool(researcher, name="research", description="Finds out.")
    outer = Workflow("outer").chain(Node.agent("lead", "Where is tea from?", tools=[made]))
    result = Executor("scripted", host=host_of(model)).execute(outer)
    assert result.raise_for_failure().output == "It says: Assam."
    assert [request.messages[0].text for request in model.requests] == [
        "Where is tea from?",
        "Find out about tea.",
        "Where is tea from?",
    ]
    assert told(model) == ["Tea is from Assam."]
    assert result.usage.output_tokens == 2 + 4 + 3


def test_a_run_that_fails_is_a_failure_of_the_tool():
    def fail(word):
        raise KeyError(word)

    model = ScriptedModel([ToolCall("1", "Inner", '{"word": "x"}'), "sorry"])
    made = WorkflowTool(workflow(Node.transform("t", fail)))
    result = Executor("scripted", host=host_of(model)).execute(
        Workflow("outer").chain(Node.agent("a", "Go.", tools=[made]))
    )
    assert result.raise_for_failure().output == "sorry"
    assert told(model) == ["Error (NodeError): node 't' failed: KeyError: 'x'"]


def test_a_workflow_without_a_fitting_description_or_type_is_refused():
    for arguments in ({"description": ""}, {"description": "D.", "types": {"m": int}}, {"name": "two words"}):
        inner = workflow(Node.transform("t", template="{n}"), description="")
        with pytest.raises(ValidationError):
            WorkflowTool(inner, **{"description": "Says.", **arguments})


def test_cancelling_the_run_cancels_the_nested_one():
    ended: list[str] = []

    async def wait(word):
        try:
            await asyncio.sleep(30)
        finally:
            ended.append(word)

    model = ScriptedModel([ToolCall("1", "Inner", '{"word": "x"}')])
    made = WorkflowTool(workflow(Node.transform("t", wait)))
    outer = Workflow("outer").chain(Node.agent("a", "Go.", tools=[made]))
    began = time.monotonic()
    result = Executor("scripted", host=host_of(model), timeout_seconds=0.3).execute(outer)
    assert result.state == "failed"
    assert time.monotonic() - began < 5
    assert ended == ["x"]


def test_approval_and_model_are_those_of_the_calling_run() -> None:
    asked: list[str] = []

    def approve(call):
        asked.append(call.name)
        return True

    @tool(requires_approval=True)
    def delete() -> str:
        """Deletes."""
        return "gone"

    model = ScriptedModel(
        [ToolCall("1", "Inner", '{"word": "x"}'), ToolCall("2", "delete", "{}"), "deleted", "all done"]
    )
    made = WorkflowTool(workflow(Node.agent("inner", "Delete {word}.", tools=[delete])))
    executor = Executor("scripted", host=host_of(model), services={"approve": approve})
    result = executor.execute(Workflow("outer").chain(Node.agent("a", "Go.", tools=[made])))
    assert result.raise_for_failure().output == "all done"
    assert asked == ["delete"]
    assert result.usage != Usage()


def test_a_workflow_that_is_its_own_tool_ends():
    model = ScriptedModel([ToolCall("1", "self", "{}")], repeat_last=True)
    inner = workflow(Node.transform("t", template="x"))
    holder: list[WorkflowTool] = []

    async def again():
        return (await ToolRegistry([holder[0]]).call_async("self")).text

    inner = workflow(Node.transform("t", again))
    holder.append(WorkflowTool(inner, name="self", executor=Executor(host=host_of(model))))
    assert "calls of tools lie around" in ToolRegistry(holder).call("self").text


def test_a_workflow_gives_itself_as_a_tool_with_the_options_of_a_tool():
    inner = workflow(Node.transform("double", lambda number: number * 2))
    made = inner.as_tool("double", "Doubles a number.", types={"number": int}, timeout=2.0, idempotent=False)
    assert isinstance(made, WorkflowTool)
    assert (made.spec.name, made.spec.description) == ("double", "Doubles a number.")
    assert (made.options.timeout, made.options.idempotent) == (2.0, False)
    assert ToolRegistry([made]).call("double", {"number": 4}).value == 8
    assert inner.as_tool().spec.description == "Looks things up."
    with pytest.raises(ValidationError, match="no option"):
        inner.as_tool(colour="red")


def test_bodies_of_a_nested_run_know_how_long_the_call_may_take():
    left = []

    def look(context):
        left.append(context.deadline - time.monotonic())
        return "done"

    inner = workflow(Node.transform("look", look))
    outer = Workflow("Outer").chain(Node.tool("call", inner.as_tool("look", timeout=3.0), {}))
    assert Executor(timeout_seconds=9).execute(outer).output == "done"
    assert 2 < left[0] < 4
