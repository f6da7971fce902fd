"""The core's node types hold to the rules that plugins' do."""

from __future__ import annotations

import asyncio
from importlib.metadata import entry_points

import pytest

from graphbit_core import EmbeddingClient, Host, Match, Secret
from graphbit_core.nodes.agent import AgentNode
from graphbit_core.nodes.condition import ConditionNode
from graphbit_core.nodes.delay import DelayNode
from graphbit_core.nodes.document_loader import DocumentLoaderNode
from graphbit_core.nodes.http_request import HttpRequestNode
from graphbit_core.nodes.join import JoinNode
from graphbit_core.nodes.retrieve import RetrieveNode
from graphbit_core.nodes.split import SplitNode
from graphbit_core.nodes.tool import ToolNode
from graphbit_core.nodes.transform import TransformNode
from graphbit_core.testing import NodeTypeConformance, ScriptedModel
from graphbit_core.testing.rules.component import CANARY
from graphbit_core.types.messages import ToolCall

from . import test_container_conformance as containers


async def doubled(number):
    await asyncio.sleep(0)
    return number * 2


def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


async def tripled(number: int) -> int:
    """Three times a number."""
    await asyncio.sleep(0)
    return number * 3


class TestTransformWithATemplate(NodeTypeConformance):
    component = TransformNode
    settings = {"template": "{a} and {b}"}
    inputs = {"a": 1, "b": "two"}
    expected = "1 and two"
    bad_settings = (
        {},
        {"template": "x", "function": len},
        {"function": "nowhere:to_be_found"},
        {"tempalte": "x"},
        {"template": 5},
    )


class TestTransformWithAFunction(NodeTypeConformance):
    component = TransformNode
    settings = {"function": lambda a, b="x": f"{a}{b}"}
    in_files = False
    inputs = {"a": 1}
    expected = "1x"


class TestTransformWithACoroutine(NodeTypeConformance):
    component = TransformNode
    settings = {"function": doubled}
    inputs = {"number": 21}
    expected = 42


class TestTransformWithAnExpression(NodeTypeConformance):
    component = TransformNode
    settings = {"expression": "round(value.score * factor, 1)"}
    inputs = {"factor": 10}
    parents = {"draft": {"score": 0.71}}
    expected = 7.1
    bad_settings = (
        {"expression": "1 +"},
        {"expression": 5},
        {"expression": ""},
        {"expression": "1", "template": "x"},
        {"expression": "1", "function": len},
    )


class TestCondition(NodeTypeConformance):
    component = ConditionNode
    settings = {"function": lambda size: "big" if size > 5 else "small"}
    in_files = False
    inputs = {"size": 9}
    targets = ("big", "small")
    expected = 9
    bad_settings = ({}, {"function": 5}, {"expression": "1 +"}, {"function": len, "expression": "1"})


class TestConditionWithAnExpression(NodeTypeConformance):
    component = ConditionNode
    settings = {"expression": "value.score >= limit"}
    inputs = {"limit": 7}
    parents = {"draft": {"score": 9}}
    targets = ("true", "false")
    expected = {"score": 9}
    bad_settings = ({"expression": "1 +"}, {"expression": True}, {"expression": "1", "function": len})


class TestSplit(NodeTypeConformance):
    component = SplitNode
    settings = {"by": "value.text", "separator": ", "}
    parents = {"draft": {"text": "a, b,c"}}
    expected = ["a", "b,c"]
    bad_settings = ({"separator": ""}, {"separator": 5}, {"by": 5}, {"by": "1 +"}, {"by": "nowhere:at_all"})


class TestSplitWithACoroutine(NodeTypeConformance):
    component = SplitNode
    settings = {"by": doubled}
    parents = {"numbers": [1]}
    expected = [1, 1]


class TestJoin(NodeTypeConformance):
    component = JoinNode
    parents = {"First one": 1, "second": [2]}
    expected = {"First one": 1, "second": [2]}
    bad_settings = (
        {"mode": "mappng"},
        {"mode": 5},
        {"mode": ["list"]},
        {"mode": "concat", "separator": 5},
        {"mode": "list", "separator": ","},
    )


class TestJoinOfTexts(NodeTypeConformance):
    component = JoinNode
    settings = {"mode": "concat", "separator": " | "}
    parents = {"a": "text", "b": {"n": 1}, "c": ""}
    expected = 'text | {\n  "n": 1\n} | '


class TestDelay(NodeTypeConformance):
    component = DelayNode
    settings = {"seconds": 0.01}
    parents = {"draft": {"text": "x"}}
    expected = {"text": "x"}
    bad_settings = ({}, {"seconds": -1}, {"seconds": "soon"}, {"seconds": float("nan")}, {"seconds": True})


class TestAgent(NodeTypeConformance):
    component = AgentNode
    settings = {"prompt": "Greet {name}", "llm": "scripted"}
    inputs = {"name": "Ada"}
    components = {("provider", "scripted"): lambda: ScriptedModel(["Hello Ada"], repeat_last=True)}
    expected = "Hello Ada"
    bad_settings = (
        {},
        {"prompt": " "},
        {"prompt": "x", "temperature": 3},
        {"prompt": "x", "max_tokens": 0},
        {"prompt": "x", "temprature": 1},
        {"prompt": "x", "temperature": "hot"},
        {"prompt": "x", "max_tokens": "many"},
        {"prompt": "x", "system_prompt": 5},
        {"prompt": "x", "llm": 5},
    )
    lacking = (
        ({"llm": "no_such_provider:model"}, "missing_provider"),
        ({"llm": None}, "missing_service"),
        ({"tools": ["no_such_tool"]}, "missing_tool"),
    )


def _asks_for_a_tool(request):
    asked = any(message.role == "tool" for message in request.messages)
    return "It is 5" if asked else ToolCall("1", "add", '{"a": 2, "b": 3}')


class TestAgentWithATool(NodeTypeConformance):
    component = AgentNode
    settings = {"prompt": "Add {a} and {b}", "llm": "scripted", "tools": [add]}
    inputs = {"a": 2, "b": 3}
    components = {("provider", "scripted"): lambda: ScriptedModel([_asks_for_a_tool], repeat_last=True)}
    expected = "It is 5"


class TestTool(NodeTypeConformance):
    component = ToolNode
    settings = {"tool": add, "arguments": {"a": "{a}", "b": 3}}
    inputs = {"a": 2}
    expected = 5
    bad_settings = (
        {},
        {"tool": 5},
        {"tool": "nowhere:at_all"},
        {"tool": add, "arguments": [1]},
        {"tool": add, "arguments": {"c": 1}},
    )
    lacking = (({"tool": "no_such_tool"}, "missing_tool"),)


class TestToolWithACoroutine(NodeTypeConformance):
    component = ToolNode
    settings = {"tool": tripled, "arguments": {"number": "{draft.size}"}}
    parents = {"draft": {"size": 4}}
    expected = 12


class _Store:
    def search(self, query):
        return [Match("1", 1.0, f"{query.text} {query.k} {list(query.vector)}", {"source": "s"})]


class _Lengths:
    graphbit_api = (1, 0)
    dimensions = 1
    fingerprint = "lengths"

    def embed(self, texts):
        return [[float(len(text))] for text in texts]


_EMBEDDER = EmbeddingClient("lengths", host=Host.isolated({("embedder", "lengths"): _Lengths}))


class TestRetrieve(NodeTypeConformance):
    component = RetrieveNode
    settings = {"query": "{question}", "k": 2}
    inputs = {"question": "why"}
    services = {"store": _Store(), "embedder": _EMBEDDER}
    expected = [Match("1", 1.0, "why 2 [3.0]", {"source": "s"})]
    bad_settings = (
        {"k": 0},
        {"where": [{"key": "a"}]},
        {"k": "five"},
        {"where": 5},
        {"where": [5]},
        {"query": 5},
    )
    lacking = (({}, "missing_service"),)


class _Loader:
    """Loads nothing but its path."""

    suffixes = frozenset({".here"})

    def load(self, path):
        from graphbit_core import Document

        yield Document(path.name, {"source": str(path)})


class TestDocumentLoader(NodeTypeConformance):
    component = DocumentLoaderNode
    settings = {"path": "{folder}/a.here"}
    inputs = {"folder": "x"}
    components = {("loader", "here"): _Loader}
    lacking = (
        ({"path": "/no/such/file.here"}, "missing_file"),
        ({"path": "/no/such/file.here"}, "missing_loader"),
        ({"loader": "no_such_loader"}, "missing_loader"),
    )
    bad_settings = ({}, {"pth": "x"}, {"path": 5}, {"path": "x", "settings": [1]}, {"path": "x", "loader": 5})


class TestHttpRequest(NodeTypeConformance):
    component = HttpRequestNode
    settings = {
        "url": "{address}",
        "method": "POST",
        "json": {"say": "{word}"},
        "allow_hosts": ["127.0.0.0/8"],
    }
    bad_settings = (
        {},
        {"url": "ftp://x"},
        {"url": "http://x", "method": "FETCH"},
        {"url": "http://x", "headers": {"host": "y"}},
        {"url": "http://x", "body": "a", "json": {}},
        {"url": "http://x", "max_response_bytes": 0},
    )
    lacking = (({"headers": {"authorization": "Bearer env:GRAPHBIT_TEST_NOT_SET"}}, "missing_env"),)

    @pytest.fixture(autouse=True)
    def _web(self, web):
        type(self).inputs = {"address": f"{web.url}/echo", "word": "hello"}

    def secret_settings(self):
        return {"headers": {"authorization": Secret(CANARY)}}

    def assert_expected(self, result):
        output = result.raise_for_failure().get_node_output("node")
        assert (output["status"], output["json"]["body"]) == (200, '{"say":"hello"}')


def test_every_node_type_of_the_core_is_tried_here():
    installed = {point.value for point in entry_points(group="graphbit.node_types")}
    ours = {value.partition(":")[2] for value in installed if value.startswith("graphbit_core.")}
    here = [*globals().values(), *vars(containers).values()]
    tried = {one.component.__name__ for one in here if hasattr(one, "component")}
    assert len(ours) >= 14
    assert ours <= tried
