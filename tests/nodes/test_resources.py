"""What nodes need from outside is looked for when ``validate(resources=True)`` asks."""

from __future__ import annotations

import pytest
from graphbit_openai import OpenAIProvider

from graphbit_core import Host, Node, Workflow
from graphbit_core.nodes.agent import AgentNode
from graphbit_core.nodes.map import MapNode
from graphbit_core.nodes.tool import ToolNode

HOST = Host.isolated(
    {
        ("node_type", "agent"): AgentNode,
        ("node_type", "map"): MapNode,
        ("node_type", "tool"): ToolNode,
        ("provider", "openai"): OpenAIProvider,
    }
)


def found(*nodes):
    workflow = Workflow("w").chain(*nodes)
    assert workflow.validate(HOST) == []
    return [(finding.code, finding.node, finding.fix) for finding in workflow.validate(HOST, resources=True)]


def test_a_missing_key_is_found_when_asked(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    ((code, node, fix),) = found(Node.agent("a", "Hi", llm="openai:gpt-4o"))
    assert (code, node) == ("missing_key", "a")
    assert "OPENAI_API_KEY" in fix
    monkeypatch.setenv("OPENAI_API_KEY", "sk-any")
    assert found(Node.agent("a", "Hi", llm="openai:gpt-4o")) == []


def test_a_model_whose_provider_is_not_installed_is_found_when_asked():
    inner = Node.agent("a", "Hi {item}", llm="nobody:big")
    ((code, node, fix),) = found(Node.map("each", inner, over=[1]))
    assert (code, node) == ("unknown_model", "each/a")
    assert fix


@pytest.mark.parametrize("node", [Node.agent("a", "Hi", tools=["drill"]), Node.tool("a", "drill")])
def test_a_tool_that_is_not_installed_is_found_when_asked(node):
    ((code, where, fix),) = found(node)
    assert (code, where) == ("unknown_tool", "a")
    assert fix
