"""Faults are found before anything runs, all at once."""

from __future__ import annotations

import pytest

from graphbit_core import Executor, Node, ValidationError, Workflow
from graphbit_core.nodes.transform import TransformNode


def codes(workflow, host):
    return sorted((finding.code, finding.node) for finding in workflow.validate(host))


def test_a_cycle_is_named_with_its_nodes(host):
    workflow = Workflow("w").chain(Node.transform("a", template="x"), Node.transform("b", template="y"))
    workflow.connect("b", "a")
    (finding,) = workflow.validate(host)
    assert finding.code == "cycle"
    assert "a -> b -> a" in finding.message


def test_all_findings_are_reported_not_the_first(host):
    workflow = Workflow("w").chain(
        Node.agent("a", "Hi"), Node("no_such_type", "b"), Node.transform("c"), Node.delay("d", -1)
    )
    workflow.add_node(Node.transform("alone", template="x"))
    assert codes(workflow, host) == [
        ("config", "c"),
        ("config", "d"),
        ("disconnected", "alone"),
        ("node_type", "b"),
    ]


def test_an_unknown_setting_is_a_finding_that_names_the_nearest(host):
    workflow = Workflow("w")
    workflow.add_node(Node("agent", "a", prompt="x", temprature=1))
    (finding,) = workflow.validate(host)
    assert "temprature" in finding.message
    assert "temperature" in f"{finding.message} {finding.fix}"


def test_a_template_that_names_a_node_that_does_not_come_before_is_found(host):
    workflow = Workflow("w").chain(
        Node.transform("first", template="{second}"), Node.transform("second", template="x")
    )
    assert codes(workflow, host) == [("not_an_ancestor", "first")]
    with pytest.raises(ValidationError, match="not_an_ancestor"):
        Executor(host=host).execute(workflow)


def test_inputs_are_listed(host):
    workflow = Workflow("w").chain(
        Node.transform("a", template="{topic} {style}"), Node.transform("b", lambda a, length: a)
    )
    assert workflow.compile(host).inputs == ("topic", "style", "length")


def test_two_nodes_of_one_name_are_refused_where_they_are_added():
    workflow = Workflow("w")
    workflow.add_node(Node.delay("wait", 1))
    with pytest.raises(ValidationError, match="already has"):
        workflow.add_node(Node.delay("wait", 2))


def test_the_drawing_has_a_line_per_node_and_edge(host):
    workflow = Workflow("w")
    workflow.add_node(Node.condition('say "hi"', lambda _: "b", id="a"))
    workflow.add_node(Node.delay("b", 1))
    workflow.connect("a", "b", when="yes")
    text = workflow.draw()
    assert text.startswith("flowchart TD\n")
    assert 'n0{"say #34;hi#34;<br/><i>condition</i>"}' in text
    assert 'n0 -->|"yes"| n1' in text


def test_a_workflow_is_compiled_anew_only_after_it_or_its_host_has_changed(host):
    workflow = Workflow("w").chain(Node.transform("a", template="x"))
    compiled = workflow.compile(host)
    assert workflow.compile(host) is compiled
    workflow.chain(workflow.nodes["a"], Node.transform("b", template="y"))
    changed = workflow.compile(host)
    assert len(changed.root.bodies) == 2
    host.add("node_type", "another", type(changed.root.bodies[0]))
    assert workflow.compile(host) is not changed


def test_a_node_type_that_leaves_the_checking_to_python_makes_a_finding(host):
    class Careless(TransformNode):
        def __init__(self, *, size):
            super().__init__(template="x" * size)

    host.add("node_type", "careless", Careless)
    workflow = Workflow("w").chain(Node("careless", "a", size="big"))
    (finding,) = workflow.validate(host)
    assert (finding.code, finding.node) == ("config", "a")


def test_what_the_condition_of_an_edge_names_is_a_run_input_or_an_ancestor(host):
    for when in ({"if": "value > threshold"}, lambda value, threshold: value > threshold):
        workflow = Workflow("w")
        workflow.chain(Node.transform("a", lambda: 1))
        workflow.add_node(Node.transform("b", lambda value: value))
        workflow.connect("a", "b", when=when)
        assert workflow.compile(host).inputs == ("threshold",)
        assert Executor(host=host).execute(workflow, {"threshold": 0}).output == 1


def test_a_condition_that_names_its_own_node_is_told_of_value(host):
    workflow = Workflow("w")
    workflow.chain(Node.transform("a", lambda: 1))
    workflow.add_node(Node.transform("b", lambda value: value))
    workflow.connect("a", "b", when={"if": "a > 3"})
    (finding,) = workflow.validate(host)
    assert (finding.code, finding.node) == ("own_output", "a")
    assert "'value'" in finding.fix


async def asks_later(value):
    return True


@pytest.mark.parametrize("when", [{"if": "1 +"}, asks_later, {"function": "no.such:function"}])
def test_what_options_name_and_cannot_work_are_findings_all_at_once(host, when):
    workflow = Workflow("w", variables={"x": "no.such:reducer"})
    workflow.add_node(Node.transform("a", lambda: 1, compensate="no.such:undo"))
    workflow.add_node(Node.transform("b", lambda value: value))
    workflow.connect("a", "b", when=when)
    findings = workflow.validate(host)
    assert [(finding.code, finding.node) for finding in findings] == [
        ("config", "a"),
        ("config", "a"),
        ("config", None),
    ]
    assert "the variable 'x'" in findings[-1].message
