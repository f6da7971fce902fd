"""What a run would lack is found before it starts: keys, models, tools, files, services."""

from __future__ import annotations

import json

import pytest

from graphbit_core import ConfigError, Executor, Host, LlmClient, Node, Workflow, resolve_key
from graphbit_core.cli import main
from graphbit_core.nodes.agent import AgentNode
from graphbit_core.nodes.document_loader import DocumentLoaderNode
from graphbit_core.nodes.http_request import HttpRequestNode
from graphbit_core.nodes.map import MapNode
from graphbit_core.nodes.retrieve import RetrieveNode
from graphbit_core.nodes.tool import ToolNode
from graphbit_core.testing import ScriptedModel


class NeedsAKey(ScriptedModel):
    """A provider with a key, that knows its models and no tools."""

    capabilities = frozenset({"stream"})

    def __init__(self, *, api_key=None):
        super().__init__(["yes"])
        resolve_key("keyed", api_key, "GRAPHBIT_TEST_KEY")

    def chat(self, model):
        if model not in ("small", "scripted"):
            raise ConfigError(f"keyed has no model {model!r}; it has small", setting="model")
        return self


NODES = {
    "agent": AgentNode,
    "document_loader": DocumentLoaderNode,
    "http_request": HttpRequestNode,
    "map": MapNode,
    "retrieve": RetrieveNode,
    "tool": ToolNode,
}


@pytest.fixture
def host(monkeypatch):
    monkeypatch.delenv("GRAPHBIT_TEST_KEY", raising=False)
    node_types = {("node_type", name): node_type for name, node_type in NODES.items()}
    providers = {("provider", "keyed"): NeedsAKey, ("provider", "free"): ScriptedModel}
    return Host.isolated({**node_types, **providers})


def of(*nodes):
    workflow = Workflow("w")
    for node in nodes:
        workflow.add_node(node)
    return workflow


def lacking(workflow, host):
    return [(finding.code, finding.node) for finding in workflow.validate(host, resources=True)]


def add(a: int, b: int) -> int:
    """Adds."""
    return a + b


def test_all_that_is_missing_is_told_at_once_with_its_nodes(host):
    workflow = of(
        Node.agent("no key", "Hi", llm="keyed:small", id="a"),
        Node.agent("b", "Hi", llm="nobody:small"),
        Node.agent("c", "Hi", llm="free:any", tools=["no_such_tool"]),
        Node.tool("d", "no_such_tool"),
        Node.http_request("e", "http://127.0.0.1", headers={"x-key": "env:GRAPHBIT_TEST_KEY"}),
        Node.document_loader("f", "no/such.file", loader="no_such_loader"),
    )
    assert lacking(workflow, host) == [
        ("missing_key", "a"),
        ("missing_provider", "b"),
        ("missing_tool", "c"),
        ("missing_tool", "d"),
        ("missing_env", "e"),
        ("missing_file", "f"),
        ("missing_loader", "f"),
    ]
    assert workflow.validate(host) == []


def test_every_finding_says_what_mends_it(host):
    (finding,) = of(Node.agent("a", "Hi", llm="keyed:small")).validate(host, resources=True)
    assert "GRAPHBIT_TEST_KEY" in finding.fix
    (finding,) = of(Node.agent("a", "Hi", llm="openai_:x")).validate(host, resources=True)
    assert "pip install" in finding.fix


def test_an_unknown_model_is_found_where_the_provider_can_tell(host, monkeypatch):
    monkeypatch.setenv("GRAPHBIT_TEST_KEY", "sk-secret-of-the-test")
    findings = of(Node.agent("a", "Hi", llm="keyed:smal"), Node.agent("b", "Hi", llm="keyed:small")).validate(
        host, resources=True
    )
    assert [(finding.code, finding.node) for finding in findings] == [("unknown_model", "a")]
    assert "it has small" in findings[0].message
    assert "sk-secret" not in str(findings)


def test_tools_for_a_model_that_cannot_call_them_are_found(host, monkeypatch):
    monkeypatch.setenv("GRAPHBIT_TEST_KEY", "sk-1")
    workflow = of(Node.agent("a", "Hi", llm="keyed:small", tools=[add]))
    assert lacking(workflow, host) == [("missing_capability", "a")]


def test_nodes_in_a_body_are_told_by_their_path(host):
    body = of(Node.agent("inner", "Hi {item}", llm="keyed:small"))
    assert lacking(of(Node.map("each", body, over=[1])), host) == [("missing_key", "each/inner")]


def test_faults_of_the_graph_do_not_hide_what_is_missing(host):
    workflow = of(Node.agent("a", "Hi", llm="keyed:small"), Node.agent("b", "Hi", llm="free:x"))
    workflow.connect("a", "b")
    workflow.connect("b", "a")
    assert {code for code, _ in lacking(workflow, host)} == {"cycle", "missing_key"}


def test_what_only_an_executor_gives_is_not_checked_without_one_and_says_so(host):
    workflow = of(Node.agent("a", "Hi"), Node.retrieve("r", "x"))
    findings = workflow.validate(host, resources=True)
    assert [(finding.code, finding.node) for finding in findings] == [
        ("not_checked", "a"),
        ("not_checked", "r"),
        ("not_checked", "r"),
    ]
    assert all("executor.validate" in finding.fix for finding in findings)


def test_an_executor_looks_at_its_own_model_and_services(host):
    workflow = of(Node.agent("a", "Hi"), Node.retrieve("r", "x"))

    def found(*arguments, **settings):
        executor = Executor(*arguments, host=host, **settings)
        return [(finding.code, finding.node) for finding in executor.validate(workflow)]

    nothing_to_search = [("missing_service", "r")] * 2
    assert found() == [("missing_service", "a"), *nothing_to_search]
    assert found("keyed:small") == [("missing_key", "a"), *nothing_to_search]
    assert found("free") == nothing_to_search
    client = LlmClient("keyed:small", host=host, api_key="sk-1")
    assert found(client, services={"store": object(), "embedder": object()}) == []


def test_an_executor_finds_faults_of_the_graph_as_well(host):
    assert [finding.code for finding in Executor(host=host).validate(Workflow("w"))] == ["empty"]


def test_a_path_with_placeholders_is_not_looked_for(host):
    assert lacking(of(Node.document_loader("f", "{folder}/x.pdf")), host) == []


def test_a_file_that_no_loader_reads_is_found(host, tmp_path):
    (tmp_path / "x.odd").write_text("x")
    assert lacking(of(Node.document_loader("f", str(tmp_path / "x.odd"))), host) == [("missing_loader", "f")]


@pytest.fixture
def greeting(tmp_path):
    path = tmp_path / "greeting.yaml"
    path.write_text(
        "name: w\nnodes:\n  a: {type: agent, prompt: Hi}\n  b: {type: tool, tool: no_such_tool}\n"
    )
    return str(path)


def codes(capsys):
    return [finding["code"] for finding in json.loads(capsys.readouterr().out)]


def test_the_command_looks_at_what_graphbit_run_would_find(greeting, capsys):
    assert main(["validate", greeting]) == 0
    capsys.readouterr()
    assert main(["validate", greeting, "--resources", "--json"]) == 1
    assert codes(capsys) == ["missing_service", "missing_tool"]
    assert main(["validate", greeting, "--resources", "--json", "--model", "nobody:x"]) == 1
    assert codes(capsys) == ["missing_provider", "missing_tool"]


def test_the_command_wants_a_model_only_with_resources(greeting, capsys):
    assert main(["validate", greeting, "--model", "x:y"]) == 2
    assert "--resources" in capsys.readouterr().err
