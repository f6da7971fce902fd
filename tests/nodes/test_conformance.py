"""The core's node types hold to the rules that plugins' do."""

from __future__ import annotations

import asyncio

from graphbit_core import Match
from graphbit_core.nodes.agent import AgentNode
from graphbit_core.nodes.condition import ConditionNode
from graphbit_core.nodes.delay import DelayNode
from graphbit_core.nodes.document_loader import DocumentLoaderNode
from graphbit_core.nodes.retrieve import RetrieveNode
from graphbit_core.nodes.transform import TransformNode
from graphbit_core.testing import NodeTypeConformance, ScriptedModel


async def doubled(number):
    await asyncio.sleep(0)
    return number * 2


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
    inputs = {"a": 1}
    expected = "1x"


class TestTransformWithACoroutine(NodeTypeConformance):
    component = TransformNode
    settings = {"function": doubled}
    inputs = {"number": 21}
    expected = 42


class TestCondition(NodeTypeConformance):
    component = ConditionNode
    settings = {"function": lambda size: "big" if size > 5 else "small"}
    inputs = {"size": 9}
    targets = ("big", "small")
    expected = 9
    bad_settings = ({}, {"function": 5}, {"expression": "1 +"}, {"function": len, "expression": "1"})


class TestDelay(NodeTypeConformance):
    component = DelayNode
    settings = {"seconds": 0.01}
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


class _Store:
    def search(self, query):
        return [Match("1", 1.0, f"{query.text} {query.k} {list(query.vector)}", {"source": "s"})]


class _Embedder:
    def embed(self, texts):
        return [[float(len(text))] for text in texts]


class TestRetrieve(NodeTypeConformance):
    component = RetrieveNode
    settings = {"query": "{question}", "k": 2}
    inputs = {"question": "why"}
    services = {"store": _Store(), "embedder": _Embedder()}
    expected = [Match("1", 1.0, "why 2 [3.0]", {"source": "s"})]
    bad_settings = (
        {"k": 0},
        {"where": [{"key": "a"}]},
        {"k": "five"},
        {"where": 5},
        {"where": [5]},
        {"query": 5},
    )


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
    bad_settings = ({}, {"pth": "x"}, {"path": 5}, {"path": "x", "settings": [1]}, {"path": "x", "loader": 5})
