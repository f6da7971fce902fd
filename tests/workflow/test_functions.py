"""What the parameters of a function are given."""

from __future__ import annotations

import pytest

from graphbit_core import Executor, Node, OutputNotProducedError, Workflow


def positional(a, b=3, c=4, /):
    return a, b, c


def keyword(a, b=3):
    return a, b


@pytest.mark.parametrize(
    ("function", "inputs", "given"),
    [
        (positional, {"a": 1}, (1, 3, 4)),
        (positional, {"a": 1, "b": 2}, (1, 2, 4)),
        (keyword, {"a": 1}, (1, 3)),
        (keyword, {"a": 1, "b": None}, (1, None)),
    ],
)
def test_a_default_holds_only_where_nothing_was_given(host, function, inputs, given):
    workflow = Workflow("w").chain(Node.transform("call", function))
    assert Executor(host=host).execute(workflow, inputs).output == given


def either(join):
    """A workflow that skips ``left``."""
    workflow = Workflow("either")
    for node in (
        Node.condition("check", lambda number: "right"),
        Node.transform("left", lambda x: "left"),
        Node.transform("right", lambda x: "right"),
        Node.transform("join", join),
    ):
        workflow.add_node(node)
    for source, target in (("check", "left"), ("check", "right"), ("left", "join"), ("right", "join")):
        workflow.connect(source, target)
    return workflow


def test_a_parameter_of_a_skipped_node_keeps_its_default(host):
    result = Executor(host=host).execute(
        either(lambda left="none", right="none": (left, right)), {"number": 1}
    )
    assert result.output == ("none", "right")


def test_a_parameter_of_a_skipped_node_without_a_default_is_a_failure_and_never_none(host):
    result = Executor(host=host).execute(either(lambda left, right: (left, right)), {"number": 1})
    assert isinstance(result.error.__cause__, OutputNotProducedError)
