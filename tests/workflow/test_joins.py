"""SEMANTICS of joins and branches, through Workflow and Executor."""

from __future__ import annotations

import asyncio
import time

import pytest

from graphbit_core import Executor, Node, NodeError, Workflow


def fan_in(*branches, join, name="join", **options):
    """Branches side by side, all leading to one node that gives what it got."""
    workflow = Workflow("fan in")
    target = Node.transform(name, lambda context: dict(context.parents), join=join, inline=True, **options)
    workflow.add_node(target)
    for branch in branches:
        workflow.add_node(branch)
        workflow.connect(branch, target)
    return workflow


def gives(name, value=None, after=0.0, **options):
    async def body():
        await asyncio.sleep(after)
        return name if value is None else value

    return Node.transform(name, body, **options)


def fails(name, after=0.0, **options):
    async def body():
        await asyncio.sleep(after)
        raise ValueError(f"{name} is broken")

    return Node.transform(name, body, **options)


def run(host, workflow, **settings):
    return Executor(host=host, **settings).execute(workflow)


def states(result):
    return {node.id: node.state for node in result.nodes}


def test_first_runs_with_the_first_branch_and_cancels_the_rest(host):
    began = time.monotonic()
    result = run(host, fan_in(gives("slow", after=5), gives("quick"), join="first"))
    assert time.monotonic() - began < 2
    assert result.output == {"quick": "quick"}
    assert states(result)["slow"] == "cancelled"
    assert result.state == "succeeded"


def test_a_branch_that_also_serves_another_node_is_not_cancelled(host):
    slow = gives("slow", after=0.05)
    workflow = fan_in(slow, gives("quick"), join="first")
    workflow.add_node(Node.transform("other", lambda value: f"used {value}"))
    workflow.connect(slow, "other")
    result = run(host, workflow)
    assert result.outputs["other"] == "used slow"
    assert states(result)["slow"] == "succeeded"


def test_a_quorum_runs_at_the_kth_branch(host):
    branches = [gives(f"b{i}", after=i * 0.02) for i in range(3)]
    result = run(host, fan_in(*branches, gives("never", after=5), join={"quorum": 2}))
    assert list(result.output) == ["b0", "b1"]


def test_a_quorum_fails_as_soon_as_it_is_unreachable(host):
    began = time.monotonic()
    result = run(host, fan_in(fails("a"), fails("b"), gives("c", after=5), join={"quorum": 2}))
    assert time.monotonic() - began < 2
    assert result.state == "failed"
    assert isinstance(result.error, NodeError)
    assert "join" in states(result)
    assert states(result)["join"] == "failed"
    assert [str(error.__cause__) for error in result.handled] == ["a is broken", "b is broken"]


@pytest.mark.parametrize(("broken", "state"), [(1, "succeeded_degraded"), (2, "failed")])
def test_tolerate_runs_unless_more_than_n_branches_fail(host, broken, state):
    branches = [fails(f"bad{i}") for i in range(broken)] + [gives("good", after=0.02)]
    result = run(host, fan_in(*branches, join={"tolerate": 1}))
    assert result.state == state
    if state == "succeeded_degraded":
        assert result.output == {"good": "good"}
        assert [str(error.__cause__) for error in result.handled] == ["bad0 is broken"]


def test_all_settled_always_runs_and_sees_results_and_errors(host):
    result = run(host, fan_in(gives("good"), fails("bad"), join="all_settled"))
    assert result.state == "succeeded_degraded"
    assert result.output["good"] == "good"
    assert isinstance(result.output["bad"], NodeError)
    assert "bad is broken" in str(result.output["bad"])


def test_a_failure_below_which_another_path_ends_elsewhere_is_not_absorbed(host):
    bad = fails("bad")
    workflow = fan_in(bad, gives("good"), join="all_settled")
    workflow.add_node(Node.transform("elsewhere", lambda value: value))
    workflow.connect(bad, "elsewhere")
    assert run(host, workflow).state == "failed"


def test_rest_drain_lets_the_others_end_and_the_run_wait_for_them(host):
    ended = []

    async def slow():
        await asyncio.sleep(0.1)
        ended.append("slow")

    result = run(host, fan_in(Node.transform("slow", slow), gives("quick"), join="first", rest="drain"))
    assert ended == ["slow"]
    assert states(result)["slow"] == "succeeded"


def test_rest_ignore_does_not_make_the_run_wait(host):
    began = time.monotonic()
    result = run(host, fan_in(gives("slow", after=5), gives("quick"), join="first", rest="ignore"))
    assert time.monotonic() - began < 2
    assert result.state == "succeeded"
    assert states(result)["slow"] == "cancelled"


def test_a_collecting_port_gets_a_list_in_edge_order_never_in_order_of_arrival(host):
    workflow = Workflow("collect")
    workflow.add_node(Node.transform("all", lambda values: values, ports={"in": "collect"}))
    for name, after in (("a", 0.05), ("b", 0.0), ("c", 0.02)):
        workflow.add_node(gives(name, after=after))
        workflow.connect(name, "all")
    assert run(host, workflow).output == ["a", "b", "c"]


def test_a_named_port_gives_a_parameter_its_value(host):
    workflow = Workflow("ports")
    workflow.add_node(gives("one", 1))
    workflow.add_node(gives("two", 2))
    workflow.add_node(Node.transform("minus", lambda left, right: left - right))
    workflow.connect("one", "minus", port="right")
    workflow.connect("two", "minus", port="left")
    assert run(host, workflow).output == 1


def test_an_optional_port_needs_no_live_edge(host):
    workflow = Workflow("optional")
    ports = {"main": "required", "extra": "optional"}
    for node in (
        Node.condition("choose", lambda: "yes"),
        gives("extra"),
        gives("main"),
        Node.transform("use", lambda main, extra=None: [main, extra], ports=ports),
    ):
        workflow.add_node(node)
    workflow.add_node(gives("other"))
    workflow.connect("choose", "extra", when="no")
    workflow.connect("choose", "other", when="yes")
    workflow.connect("main", "use", port="main")
    workflow.connect("extra", "use", port="extra")
    result = run(host, workflow)
    assert result.outputs["use"] == ["main", None]


def test_an_edge_may_carry_a_part_of_the_output(host):
    workflow = Workflow("parts")
    workflow.add_node(gives("source", {"title": "T", "pages": [10, 20]}))
    workflow.add_node(Node.transform("title", lambda value: value))
    workflow.add_node(Node.transform("page", lambda value: value))
    workflow.connect("source", "title", output="title")
    workflow.connect("source", "page", output="pages.1")
    result = run(host, workflow)
    assert (result.outputs["title"], result.outputs["page"]) == ("T", 20)


def test_a_part_that_is_not_there_fails_the_node_that_asks_for_it(host):
    workflow = Workflow("parts")
    workflow.add_node(gives("source", {"title": "T"}))
    workflow.add_node(Node.transform("use", lambda value: value))
    workflow.connect("source", "use", output="text")
    result = run(host, workflow)
    assert result.state == "failed"
    assert "no part 'text'" in str(result.error)


def test_a_control_edge_orders_two_nodes_and_carries_nothing(host):
    workflow = Workflow("control")
    workflow.add_node(gives("first", after=0.05))
    workflow.add_node(gives("value", 7))
    workflow.add_node(Node.transform("use", lambda context: dict(context.parents)))
    workflow.connect("first", "use", kind="control")
    workflow.connect("value", "use")
    result = run(host, workflow)
    assert result.outputs["use"] == {"value": 7}


@pytest.mark.parametrize(("score", "taken"), [(0.9, "keep"), (0.2, "drop")])
def test_a_conditional_edge_is_live_if_its_expression_holds(host, score, taken):
    workflow = Workflow("conditional")
    workflow.add_node(gives("rate", {"score": score}))
    for name in ("keep", "drop", "always"):
        workflow.add_node(Node.transform(name, lambda value: value))
    workflow.connect("rate", "keep", when={"if": "value.score >= 0.5"})
    workflow.connect("rate", "drop", when={"if": "value.score < 0.5"})
    workflow.connect("rate", "always")
    result = run(host, workflow)
    assert set(result.outputs) == {"rate", taken, "always"}
    assert result.state == "succeeded"


def test_a_fast_branch_never_waits_for_a_slow_sibling(host):
    began = {}

    async def slow():
        await asyncio.sleep(0.5)

    async def fast():
        began["fast ended"] = time.monotonic()

    async def child(value):
        began["child"] = time.monotonic()

    workflow = Workflow("no barrier")
    for name, body in (("start", lambda: 1), ("slow", slow), ("fast", fast), ("child", child)):
        workflow.add_node(Node.transform(name, body))
    workflow.connect("start", "slow")
    workflow.connect("start", "fast")
    workflow.connect("fast", "child")
    assert run(host, workflow).is_success()
    assert began["child"] - began["fast ended"] < 0.2
