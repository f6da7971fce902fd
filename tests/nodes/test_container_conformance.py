"""The core's containers, and nodes in several steps, hold to the rules that plugins' do."""

from __future__ import annotations

import asyncio

from graphbit_core import Lifecycle, Node, Workflow
from graphbit_core.nodes.lifecycle import LifecycleNode
from graphbit_core.nodes.loop import LoopNode
from graphbit_core.nodes.map import MapNode
from graphbit_core.nodes.subworkflow import SubworkflowNode
from graphbit_core.testing import NodeTypeConformance


def body(expression="item * 2"):
    return Workflow("body").chain(Node.transform("body", expression=expression))


class TestMap(NodeTypeConformance):
    component = MapNode
    settings = {"body": body("item * factor + index"), "max_concurrency": 2}
    inputs = {"factor": 10}
    parents = {"numbers": [1, 2, 3]}
    expected = [10, 21, 32]
    bad_settings = (
        {},
        {"body": "x"},
        {"body": body(), "item": "two words"},
        {"body": body(), "max_concurrency": 0},
        {"body": body(), "on_item_error": "ignore"},
        {"body": body(), "over": 5},
    )


def counted(number):
    return iter(range(number))


async def counted_slowly(number):
    async def each():
        for index in range(number):
            await asyncio.sleep(0)
            yield index

    return each()


class TestMapOverAnIterator(NodeTypeConformance):
    component = MapNode
    settings = {"body": body(), "over": counted}
    parents = {"number": 3}
    expected = [0, 2, 4]


class TestMapOverAnAsyncIterator(NodeTypeConformance):
    component = MapNode
    settings = {"body": body(), "over": counted_slowly, "on_item_error": "collect"}
    parents = {"number": 3}
    expected = [0, 2, 4]


class TestMapOverAPartOfWhatCameBefore(NodeTypeConformance):
    component = MapNode
    settings = {"body": body("page + 1"), "over": "draft.pages", "item": "page"}
    parents = {"draft": {"pages": [1, 2]}}
    expected = [2, 3]


class TestLoop(NodeTypeConformance):
    component = LoopNode
    settings = {
        "body": body("state + iteration"),
        "until": "state >= limit",
        "max_iterations": 9,
        "initial": 1,
    }
    inputs = {"limit": 7}
    expected = 7
    bad_settings = (
        {"body": body()},
        {"body": body(), "until": "true"},
        {"body": body(), "until": 5, "max_iterations": 2},
        {"body": body(), "until": "true", "max_iterations": 0},
        {"body": 5, "until": "true", "max_iterations": 2},
        {"body": body(), "until": "true", "max_iterations": 2, "on_exhausted": "stop"},
    )


async def large(state):
    await asyncio.sleep(0)
    return state > 5


class TestLoopUntilACoroutineSaysSo(NodeTypeConformance):
    component = LoopNode
    settings = {"body": body("state * 2"), "until": large, "max_iterations": 9}
    parents = {"start": 1}
    expected = 8


class TestSubworkflow(NodeTypeConformance):
    component = SubworkflowNode
    settings = {"body": body("whole.size + value.size + extra"), "inputs": {"whole": "{draft}", "extra": 1}}
    parents = {"draft": {"size": 3}}
    expected = 7
    bad_settings = ({}, {"body": 5}, {"body": body(), "inputs": [1]})


class Tripled(Lifecycle):
    """Works on a list, one after the other."""

    batch = True

    def prep(self, shared):
        return shared["numbers"]

    def exec(self, prepared):
        return prepared * 3

    def post(self, shared, prepared, result):
        shared["sum"] = sum(result)


class TestLifecycle(NodeTypeConformance):
    component = LifecycleNode
    settings = {"step": "tests.nodes.test_container_conformance:Tripled"}
    inputs = {"numbers": [1, 2]}
    expected = [3, 6]
    bad_settings = ({}, {"step": 5}, {"step": "nowhere:at_all"}, {"step": object})


class Slowly(Tripled):
    """The same, several at once."""

    concurrency = 2

    async def exec(self, prepared):
        await asyncio.sleep(0)
        return prepared * 3

    def post(self, shared, prepared, result):
        return "more" if len(result) > 1 else "less"


class TestLifecycleThatDecides(NodeTypeConformance):
    component = LifecycleNode
    settings = {"step": Slowly}
    inputs = {"numbers": [1, 2]}
    targets = ("more", "less")
    expected = [3, 6]
