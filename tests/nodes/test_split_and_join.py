"""Split and join in workflows."""

from __future__ import annotations

import pytest

from graphbit_core import Executor, Node, OutputNotProducedError, ValidationError, Workflow
from graphbit_core.host import Host
from graphbit_core.nodes.condition import ConditionNode
from graphbit_core.nodes.join import MAX_NESTING, JoinNode
from graphbit_core.nodes.split import SplitNode
from graphbit_core.nodes.transform import TransformNode
from graphbit_core.workflow.template import MAX_RENDERED

TYPES = {"condition": ConditionNode, "join": JoinNode, "split": SplitNode, "transform": TransformNode}


@pytest.fixture
def executor():
    return Executor(host=Host.isolated({("node_type", name): made for name, made in TYPES.items()}))


def joined(executor, node, **parents):
    """Result of ``node`` below nodes that give ``parents``."""
    workflow = Workflow("join")
    workflow.add_node(node)
    for name, value in parents.items():
        workflow.connect(workflow.add_node(Node("transform", name, function=lambda value=value: value)), node)
    return executor.execute(workflow)


def split(executor, node, value):
    workflow = Workflow("split").chain(Node("transform", "whole", function=lambda: value), node)
    return executor.execute(workflow)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("mapping", {"a": {"x": 1}, "b": {"y": 2}}),
        ("list", [{"x": 1}, {"y": 2}]),
        ("first", {"x": 1}),
        ("merge", {"x": 1, "y": 2}),
        ("concat", '{\n  "x": 1\n}\n\n{\n  "y": 2\n}'),
    ],
)
def test_a_join_combines_what_came_in_edge_order(executor, mode, expected):
    assert joined(executor, Node.join("all", mode), a={"x": 1}, b={"y": 2}).output == expected


def test_the_order_is_that_of_the_edges_whoever_ends_first(executor):
    workflow = Workflow("order")
    join = workflow.add_node(Node.join("all", "list"))
    for name in ("late", "early"):
        workflow.add_node(Node("transform", name, function=lambda name=name: name))
    workflow.connect("early", join)
    workflow.connect("late", join)
    assert executor.execute(workflow).output == ["early", "late"]


def test_a_join_holds_the_branch_that_was_taken_and_nothing_for_the_other(executor):
    workflow = Workflow("branch")
    for node in (
        Node.condition("check", expression="number > 5"),
        Node.transform("big", template="big"),
        Node.transform("small", template="small"),
        Node.join("end"),
    ):
        workflow.add_node(node)
    workflow.connect("check", "big", when="true")
    workflow.connect("check", "small", when="false")
    workflow.connect("big", "end")
    workflow.connect("small", "end")
    assert executor.execute(workflow, {"number": 9}).output == {"big": "big"}
    assert executor.execute(workflow, {"number": 1}).output == {"small": "small"}


def test_a_merge_goes_inside_mappings_and_a_later_edge_wins(executor):
    first = {"meta": {"lang": "de", "tags": ["x"]}, "score": 1, "only": {"here": 1}}
    second = {"meta": {"tags": ["y"], "by": {"a": 1}}, "score": {"now": "a mapping"}}
    result = joined(executor, Node.join("all", "merge"), first=first, second=second)
    assert result.output == {
        "meta": {"lang": "de", "tags": ["y"], "by": {"a": 1}},
        "score": {"now": "a mapping"},
        "only": {"here": 1},
    }
    assert first["meta"] == {"lang": "de", "tags": ["x"]}


def test_a_merge_takes_mappings_only_and_names_the_node_that_gave_another(executor):
    result = joined(executor, Node.join("all", "merge"), a={"x": 1}, b=[1])
    assert isinstance(result.error.__cause__, ValidationError)
    assert "node 'b' gave a list" in str(result.error.__cause__)


def test_a_merge_of_mappings_without_end_is_refused(executor):
    deep = {}
    for _ in range(MAX_NESTING + 2):
        deep = {"in": deep}
    result = joined(executor, Node.join("all", "merge"), a=deep, b=deep)
    assert "nested more than 64 deep" in str(result.error.__cause__)


def test_joined_texts_are_bounded(executor):
    half = "x" * (MAX_RENDERED // 2)
    assert (
        len(joined(executor, Node.join("all", "concat", separator=""), a=half, b=half).output) == MAX_RENDERED
    )
    result = joined(executor, Node.join("all", "concat"), a=half, b=half)
    assert "grew past" in str(result.error.__cause__)


def test_a_join_that_nothing_precedes_has_nothing_to_join(executor):
    assert joined(executor, Node.join("all")).output == {}
    assert joined(executor, Node.join("all", "concat")).output == ""
    result = joined(executor, Node.join("all", "first"))
    assert isinstance(result.error.__cause__, OutputNotProducedError)


@pytest.mark.parametrize(
    ("settings", "value", "expected"),
    [
        ({}, ["a", "b"], ["a", "b"]),
        ({}, ("a", "b"), ["a", "b"]),
        ({}, {"summary": 1}, {"summary": 1}),
        ({"separator": "\n"}, "a\nb", ["a", "b"]),
        ({"separator": "\n"}, ["a\nb"], ["a\nb"]),
        ({"by": "value.parts"}, {"parts": [1, 2]}, [1, 2]),
        ({"by": "value[0].text", "separator": ";"}, [{"text": "a;b"}], ["a", "b"]),
        ({"by": lambda text: text.split()}, "a b", ["a", "b"]),
        ({"by": "[value, whole]"}, 1, [1, 1]),
        ({"by": "statistics:multimode"}, [1, 2, 1], [1]),
    ],
)
def test_a_split_gives_the_parts_of_what_came_in(executor, settings, value, expected):
    assert split(executor, Node.split("parts", **settings), value).output == expected


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("a text", "a str has no parts to split; set separator"),
        (5, "a int has no parts to split; set by to what makes a list or a mapping of it"),
        (None, "a NoneType has no parts to split"),
    ],
)
def test_what_has_no_parts_is_an_error_with_the_fix(executor, value, says):
    error = split(executor, Node.split("parts"), value).error.__cause__
    assert isinstance(error, ValidationError)
    assert says in str(error)


def test_split_and_join_can_be_written_in_a_file(executor):
    data = {
        "name": "Parts",
        "nodes": {
            "cut": {"type": "split", "by": "text", "separator": ","},
            "count": {"type": "transform", "expression": "len(cut)"},
            "all": {"type": "join", "mode": "list"},
        },
        "edges": [
            {"from": "cut", "to": "count"},
            {"from": "cut", "to": "all"},
            {"from": "count", "to": "all"},
        ],
    }
    workflow = Workflow.from_dict(data)
    assert executor.execute(workflow, {"text": "a,b"}).output == [["a", "b"], 2]
    assert Workflow.from_dict(workflow.to_dict()).to_dict() == workflow.to_dict()
