"""Options of nodes, edges and variables: what users write, checked where it is written."""

from __future__ import annotations

import pytest

from graphbit_core import Node, ValidationError, Workflow
from graphbit_core.workflow.edge import Edge, EdgeTest
from graphbit_core.workflow.options import DEFAULTS, Options, Port, Retry, parse_options
from graphbit_core.workflow.variables import Variable


def undo() -> None: ...


def made(**options) -> Options:
    return Node.transform("a", template="x", **options).options


def test_options_are_apart_from_the_settings_of_the_node_type():
    node = Node("transform", "a", template="x", retry=3, writes="notes")
    assert dict(node.config) == {"template": "x"}
    assert node.options == Options(retry=Retry(3), writes="notes")
    assert Node("transform", "a", template="x", retry=None).options is DEFAULTS


@pytest.mark.parametrize(
    ("written", "field", "value"),
    [
        ({"join": "first"}, "join", "first"),
        ({"join": {"quorum": 2}}, "count", 2),
        ({"join": {"tolerate": 0}}, "count", 0),
        ({"rest": "drain"}, "rest", "drain"),
        ({"on_error": "route"}, "on_error", ("route", None)),
        ({"on_error": {"value": None}}, "on_error", ("value", None)),
        ({"on_error": {"fallback": "b"}}, "on_error", ("fallback", "b")),
        ({"on_error": {"fallback": Node.delay("B side", 0)}}, "on_error", ("fallback", "b_side")),
        ({"retry": 3}, "retry", Retry(3)),
        ({"retry": {"max_attempts": 2, "base": 0}}, "retry", Retry(2, base=0)),
        ({"timeout": 5, "deadline": 9.5}, "deadline", 9.5),
        ({"priority": -1}, "priority", -1),
        ({"resource": "gpu"}, "resource", "gpu"),
        ({"compensate": undo}, "compensate", undo),
        ({"compensate": "shop.orders:Order.undo"}, "compensate", "shop.orders:Order.undo"),
        ({"ports": {"a": "optional collect"}}, "ports", {"a": Port(required=False, collect=True)}),
    ],
)
def test_each_option_is_kept_and_written_again_as_it_was_given(written, field, value):
    options = made(**written)
    assert getattr(options, field) == value
    assert parse_options(options.written(), "a") == options


@pytest.mark.parametrize(
    ("wrong", "fix"),
    [
        ({"join": "frist"}, "did you mean 'first'"),
        ({"join": {"quorum": 0}}, "at least 1"),
        ({"join": {"quorom": 2}}, "did you mean 'quorum'"),
        ({"join": {"quorum": 1, "tolerate": 1}}, "'all'"),
        ({"rest": "cancell"}, "did you mean 'cancel'"),
        ({"on_error": "rout"}, "did you mean 'route'"),
        ({"on_error": {"fallback": 3}}, "id of a node"),
        ({"retry": 0}, "at least 1"),
        ({"retry": True}, "whole number"),
        ({"retry": {"attempts": 2}}, "did you mean 'max_attempts'"),
        ({"retry": {"factor": 0.5}}, "factor: give a finite number, at least 1"),
        ({"timeout": 0}, "more than 0"),
        ({"deadline": float("inf")}, "finite"),
        ({"timeout": "5"}, "finite number"),
        ({"priority": 1.5}, "whole number"),
        ({"resource": ""}, "name of a resource"),
        ({"compensate": "undo"}, "package.module:function"),
        ({"writes": "a b"}, "letters, digits"),
        ({"ports": ["a"]}, "mapping"),
        ({"ports": {"a": "optionl"}}, "did you mean 'optional'"),
        ({"ports": {"1a": "optional"}}, "no digit first"),
    ],
)
def test_a_wrong_option_is_refused_with_node_key_value_and_fix(wrong, fix):
    with pytest.raises(ValidationError) as caught:
        made(**wrong)
    [(key, value)] = wrong.items()
    [finding] = caught.value.findings
    assert (caught.value.field, finding.node) == (key, "a")
    assert finding.message == f"{key} is {value!r}"
    assert fix in finding.fix


def test_all_wrong_options_of_a_node_are_told_at_once():
    with pytest.raises(ValidationError) as caught:
        made(retry=0, join="x", timeout=5, rest="y")
    assert [finding.message[:4] for finding in caught.value.findings] == ["retr", "join", "rest"]


def connected(**settings) -> Edge:
    workflow = Workflow("w")
    workflow.add_node(Node.transform("a", template="x"))
    workflow.add_node(Node.transform("b", template="x", ports={"left": "required", "right": "optional"}))
    workflow.connect("a", "b", **settings)
    [edge] = workflow.edges
    return edge


def test_an_edge_has_a_kind_a_condition_a_part_and_a_port():
    assert connected() == Edge("a", "b")
    assert connected(kind="control").kind == "control"
    assert connected(kind="error", port="left") == Edge("a", "b", "error", port="left")
    assert connected(when={"if": "value > 3"}).when == EdgeTest(expression="value > 3")
    assert connected(when={"function": "mine:big"}).when == EdgeTest(function="mine:big")
    assert connected(when=undo).when == EdgeTest(function=undo)
    assert connected(output=0, port="right") == Edge("a", "b", output="0", port="right")


@pytest.mark.parametrize(
    ("settings", "field", "fix"),
    [
        ({"kind": "eror"}, "kind", "did you mean 'error'"),
        ({"kind": "error", "when": "x"}, "when", "take it out"),
        ({"kind": "control", "output": "x"}, "output", "kind='data'"),
        ({"kind": "control", "port": "left"}, "port", "kind='data'"),
        ({"when": {"if": 3}}, "when", "'expression'"),
        ({"when": {"iff": "value"}}, "when", "'expression'"),
        ({"when": {"function": "no path"}}, "when", "package.module:function"),
        ({"output": "a..b"}, "output", "'a.b'"),
        ({"output": True}, "output", "'a.b'"),
        ({"port": "a b"}, "port", "letters"),
        ({"port": "lft"}, "port", "did you mean 'left'"),
    ],
)
def test_a_wrong_edge_is_refused_where_it_is_drawn(settings, field, fix):
    with pytest.raises(ValidationError) as caught:
        connected(**settings)
    assert caught.value.field == field
    assert fix in caught.value.message


def test_two_edges_between_two_nodes_may_carry_different_parts():
    workflow = Workflow("w").chain(Node.transform("a", template="x"), Node.transform("b", template="x"))
    workflow.connect("a", "b", output="title", port="title")
    with pytest.raises(ValidationError, match="connected already"):
        workflow.connect("a", "b", output="title", port="title")
    assert len(workflow.edges) == 2


def test_variables_have_a_reducer_and_maybe_a_first_value():
    workflow = Workflow("w", variables={"notes": "append", "n": {"reducer": "sum", "initial": 0}, "f": max})
    assert dict(workflow.variables) == {
        "notes": Variable("append"),
        "n": Variable("sum", 0),
        "f": Variable(max),
    }


def test_every_wrong_variable_is_told_with_the_nearest_reducer():
    with pytest.raises(ValidationError) as caught:
        Workflow(
            "w", variables={"a": "apend", "b c": "last", "d": {"reducer": "sum", "initail": 0}, "e": "sum"}
        )
    fixes = [finding.fix for finding in caught.value.findings]
    assert len(fixes) == 3
    assert "did you mean 'append'" in fixes[0]
    assert "did you mean 'initial'" in fixes[2]


@pytest.mark.parametrize("container", [Node.map, Node.subworkflow])
def test_the_body_of_a_container_is_a_workflow_that_changes_no_more(container):
    inner = Workflow("inner").chain(Node.transform("draft", template="{item}"))
    assert container("each", inner).config["body"] is inner
    with pytest.raises(ValidationError, match="body of node 'each'"):
        inner.add_node(Node.delay("late", 1))
    with pytest.raises(ValidationError, match="body of node 'each'"):
        inner.connect("draft", "draft")


def test_a_single_node_becomes_a_body_of_the_containers_name():
    body = Node.loop("improve", Node.transform("draft", template="x"), until="value", max_iterations=3)
    assert body.config["body"].name == "improve"
    assert list(body.config["body"].nodes) == ["draft"]


def test_something_else_is_no_body():
    with pytest.raises(ValidationError, match="give a Workflow or a Node"):
        Node.map("each", "draft")  # type: ignore[arg-type]


def test_another_node_type_may_call_something_else_its_body():
    assert Node("http_request", "ask", body="{question}").config["body"] == "{question}"
