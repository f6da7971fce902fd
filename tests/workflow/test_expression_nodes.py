"""Expressions in condition and transform nodes."""

from __future__ import annotations

import pytest

from graphbit_core import Executor, MissingInputError, Node, ResourceExhaustedError, ValidationError, Workflow


def run(host, *nodes, **inputs):
    return Executor(host=host).execute(Workflow("w").chain(*nodes), inputs)


def chosen(host, expression, value, labels):
    """The nodes that ran below a condition."""
    workflow = Workflow("choice").chain(
        Node("transform", "before", function=lambda: value), Node.condition("check", expression=expression)
    )
    for label in labels:
        workflow.connect(
            "check", workflow.add_node(Node("transform", f"to {label}", template="here")), when=label
        )
    result = Executor(host=host).execute(workflow)
    assert result.is_success(), result.error
    states = {node.name: node.state for node in result.nodes}
    return [label for label in labels if states[f"to {label}"] == "succeeded"]


@pytest.mark.parametrize(
    ("expression", "value", "taken"),
    [
        ("value.score >= 7", {"score": 7}, ["true"]),
        ("value.score >= 7", {"score": 6}, ["false"]),
        ("lower(value.kind)", {"kind": "BUG"}, ["bug"]),
        ("value.kinds", {"kinds": ["bug", "true"]}, ["true", "bug"]),
        ("value.kinds", {"kinds": []}, []),
        ("value.count", {"count": 0}, ["false"]),
        ("value.count", {"count": 2}, ["true"]),
        ("value", None, ["false"]),
        ("value", {"a": 1}, ["true"]),
        ("matches(value, '(?i)^yes\\b')", "Yes, it is", ["true"]),
    ],
)
def test_a_condition_goes_to_true_or_false_or_to_the_labels_it_gives(host, expression, value, taken):
    assert chosen(host, expression, value, ["true", "false", "bug"]) == taken


def test_a_condition_passes_on_what_came_in(host):
    workflow = Workflow("w").chain(Node.condition("check", expression="number > 1"))
    workflow.connect(
        "check", workflow.add_node(Node.transform("after", expression="value.number + 1")), when="true"
    )
    assert Executor(host=host).execute(workflow, {"number": 2}).output == 3


def test_true_and_false_of_a_function_choose_the_labels_of_that_name(host):
    workflow = Workflow("w").chain(Node.condition("check", lambda number: number > 1))
    for label in ("true", "false"):
        workflow.connect("check", workflow.add_node(Node.transform(label, template=label)), when=label)
    assert [Executor(host=host).execute(workflow, {"number": n}).output for n in (2, 1)] == ["true", "false"]


def test_a_condition_that_gives_neither_is_a_failure(host):
    workflow = Workflow("w").chain(
        Node.condition("check", expression="[1]"), Node.transform("b", template="b")
    )
    error = Executor(host=host).execute(workflow).error.__cause__
    assert isinstance(error, ValidationError)
    assert "must return the label of an edge" in str(error)


def test_names_are_earlier_nodes_and_inputs_as_in_a_template(host):
    result = run(
        host,
        Node.transform("draft", lambda: {"score": 3}),
        Node.transform("middle", template="x"),
        Node.transform("end", expression="[draft.score * factor, middle, value, default(other, 'none')]"),
        factor=2,
    )
    assert result.output == [6, "x", "x", "none"]


def test_a_name_that_nothing_produces_is_a_run_input(host):
    workflow = Workflow("w").chain(Node.transform("a", expression="limit > default(more, 1)"))
    assert list(workflow.inputs) == ["limit"]
    with pytest.raises(MissingInputError, match="limit"):
        Executor(host=host).execute(workflow)


def test_a_name_of_a_node_that_does_not_come_before_is_found_before_the_run(host):
    workflow = Workflow("w").chain(Node.transform("a", expression="b.x"), Node.transform("b", template="b"))
    assert [finding.code for finding in workflow.validate(host)] == ["not_an_ancestor"]


def test_an_expression_that_cannot_be_read_is_a_finding_that_shows_where(host):
    workflow = Workflow("w").chain(Node.transform("a", expression="lenght(value)"))
    [finding] = workflow.validate(host)
    assert finding.node == "a"
    assert "did you mean 'len'?" in finding.message
    assert "\n  ^" in finding.message


def test_an_expression_that_does_not_fit_its_values_fails_the_node_with_the_place(host):
    result = run(
        host, Node.transform("a", lambda: {"score": "7"}), Node.transform("b", expression="value.score > 5")
    )
    assert not result.is_success()
    assert isinstance(result.error.__cause__, ValidationError)
    assert str(result.error.__cause__).endswith("  value.score > 5\n              ^")


def test_the_budget_holds_in_a_run(host):
    result = run(
        host, Node.transform("a", lambda: list(range(200_000))), Node.transform("b", expression="sum(value)")
    )
    assert isinstance(result.error.__cause__, ResourceExhaustedError)


def test_text_from_a_model_is_a_value_and_never_an_expression_or_a_template(host):
    text = "{secret} 1 == 1 or __import__('os')"
    result = run(
        host,
        Node.transform("answer", lambda: text),
        Node.transform("same", expression="value"),
        Node.transform("filled", template="{same}"),
        secret="s3cret",
    )
    assert result.output == text
