"""What becomes of failures: policies, retries, limits of time."""

from __future__ import annotations

import asyncio
import time

import pytest

from graphbit_core import DeadlineError, Node, NodeError, ValidationError, Workflow
from tests.workflow.failing import QUICK, broken, chain, flaky, run


def test_a_failed_node_never_feeds_its_child(host):
    ran = []
    result = run(host, chain(broken(), Node.transform("child", lambda value: ran.append(value))))
    assert result.state == "failed"
    assert ran == []
    assert result.nodes[1].state == "skipped"
    assert result.nodes[1].reason == "upstream_failed"


def test_a_routed_failure_goes_along_the_error_edge_and_a_join_below_runs(host):
    workflow = Workflow("w")
    for node in (
        broken(on_error="route"),
        Node.transform("fine", lambda value: value),
        Node.transform("mend", lambda error: f"mended {type(error.__cause__).__name__}"),
        Node.transform("after", lambda value: ["after", value]),
    ):
        workflow.add_node(node)
    workflow.connect("bad", "fine")
    workflow.connect("bad", "mend", kind="error")
    workflow.connect("fine", "after")
    workflow.connect("mend", "after")
    result = run(host, workflow)
    assert result.state == "succeeded_degraded"
    assert result.output == ["after", "mended ValueError"]
    assert [node.state for node in result.nodes] == ["failed", "skipped", "succeeded", "succeeded"]
    assert "it is broken" in str(result.handled[0])


def test_an_error_edge_stays_dead_when_its_source_succeeds(host):
    workflow = Workflow("w")
    workflow.add_node(Node.transform("good", lambda: 1, on_error="route"))
    workflow.add_node(Node.transform("mend", lambda error: error))
    workflow.connect("good", "mend", kind="error")
    result = run(host, workflow)
    assert result.state == "succeeded"
    assert result.output == 1
    assert result.nodes[1].state == "skipped"


def test_a_value_stands_in_for_the_output_and_the_run_is_degraded(host):
    result = run(host, chain(broken(on_error={"value": 0}), Node.transform("next", lambda n: n + 1)))
    assert result.state == "succeeded_degraded"
    assert result.output == 1
    assert result.is_success()
    assert result.is_degraded()
    assert [error.node for error in result.handled] == ["bad"]


def test_a_skipped_failure_skips_what_depends_on_it_only(host):
    workflow = Workflow("w")
    for node in (
        broken(on_error="skip"),
        Node.transform("needs", lambda value: value),
        Node.transform("other", lambda: "fine"),
        Node.transform("join", lambda context: dict(context.parents)),
    ):
        workflow.add_node(node)
    workflow.connect("bad", "needs")
    workflow.connect("needs", "join")
    workflow.connect("other", "join")
    result = run(host, workflow)
    assert result.state == "succeeded_degraded"
    assert result.output == {"other": "fine"}


def test_a_fallback_takes_over_with_the_same_context(host):
    workflow = Workflow("w")
    for node in (
        Node.transform("source", lambda: "text"),
        broken("expensive", on_error={"fallback": "cheap"}),
        Node.transform("cheap", lambda value: f"cheap {value}"),
        Node.transform("end", lambda value: value.upper()),
    ):
        workflow.add_node(node)
    workflow.connect("source", "expensive")
    workflow.connect("expensive", "end")
    result = run(host, workflow)
    assert result.state == "succeeded_degraded"
    assert result.output == "CHEAP TEXT"
    assert [error.node for error in result.handled] == ["expensive"]


def test_a_failed_fallback_fails_the_node_and_tells_both_errors(host):
    workflow = Workflow("w")
    workflow.add_node(broken("expensive", on_error={"fallback": "cheap"}))
    workflow.add_node(Node.transform("cheap", lambda: 1 / 0))
    result = run(host, workflow)
    assert result.state == "failed"
    assert isinstance(result.error.__cause__, ZeroDivisionError)
    assert [str(error.__cause__) for error in result.error.earlier] == ["it is broken"]


def test_fail_fast_cancels_what_runs_and_starts_nothing_more(host):
    workflow = Workflow("w")

    async def slow():
        await asyncio.sleep(5)

    workflow.add_node(Node.transform("slow", slow))
    workflow.add_node(broken())
    result = run(host, workflow)
    assert result.state == "failed"
    assert [node.state for node in result.nodes] == ["cancelled", "failed"]
    assert result.seconds < 2


@pytest.mark.parametrize(("mode", "state"), [("drain", "cancelled"), ("continue", "succeeded")])
def test_drain_lets_attempts_end_and_continue_runs_independent_branches(host, mode, state):
    workflow = Workflow("w")

    async def soon():
        await asyncio.sleep(0.05)
        return 1

    for node in (
        Node.transform("start", lambda: 0),
        broken(),
        Node.transform("soon", soon),
        Node.transform("after", lambda value: value),
    ):
        workflow.add_node(node)
    workflow.connect("start", "bad", kind="control")
    workflow.connect("start", "soon", kind="control")
    workflow.connect("soon", "after")
    result = run(host, workflow, on_error=mode)
    assert result.state == "failed"
    assert [node.state for node in result.nodes] == ["succeeded", "failed", "succeeded", state]


def test_every_error_is_reported_the_first_one_and_those_that_followed(host):
    workflow = Workflow("w")
    for name in ("a", "b", "c"):
        workflow.add_node(broken(name, inline=True))
    result = run(host, workflow, on_error="continue")
    assert [error.node for error in result.errors] == ["a", "b", "c"]
    with pytest.raises(NodeError) as caught:
        result.raise_for_failure()
    assert caught.value.node == "a"
    assert len(caught.value.errors) == 3


def test_a_retried_node_succeeds_and_counts_its_attempts(host):
    result = run(host, chain(flaky(2, retry={"max_attempts": 3, **QUICK})))
    assert result.state == "succeeded"
    assert result.output == 3
    assert result.nodes[0].attempts == 3


def test_attempts_that_ran_out_are_on_the_error(host):
    result = run(host, chain(flaky(9, retry={"max_attempts": 3, **QUICK})))
    assert result.state == "failed"
    assert result.error.attempts == 3
    assert [error.attempts for error in result.error.earlier] == [1, 2]


def test_an_error_that_another_attempt_would_not_mend_is_not_retried(host):
    result = run(host, chain(flaky(1, error=ValidationError, retry={"max_attempts": 3, **QUICK})))
    assert result.state == "failed"
    assert result.error.attempts == 1


def test_an_error_may_say_itself_whether_to_retry_and_when(host):
    class Busy(Exception):
        retryable = True
        retry_after = 0.1

    began = time.monotonic()
    result = run(host, chain(flaky(1, error=Busy, retry={"max_attempts": 2, **QUICK})))
    assert result.state == "succeeded"
    assert time.monotonic() - began >= 0.1


def test_writes_of_a_failed_attempt_are_forgotten(host):
    left = [1]

    def body(context):
        context.set_variable("tries", context.attempt)
        if left[0]:
            left[0] -= 1
            raise OSError("not yet")
        return "done"

    workflow = Workflow("w", variables={"tries": "append"})
    workflow.add_node(Node.transform("body", body, retry={"max_attempts": 2, **QUICK}))
    assert run(host, workflow).variables["tries"] == [2]


def test_an_attempt_has_a_timeout_and_the_next_may_be_quicker(host):
    async def body(context):
        if context.attempt == 1:
            await asyncio.sleep(5)
        return context.attempt

    began = time.monotonic()
    result = run(host, chain(Node.transform("slow", body, timeout=0.05, retry={"max_attempts": 2, **QUICK})))
    assert result.output == 2
    assert time.monotonic() - began < 2


def test_a_node_that_was_never_done_in_time_fails_with_a_deadline_error(host):
    async def body():
        await asyncio.sleep(5)

    result = run(host, chain(Node.transform("slow", body, timeout=0.05)))
    assert isinstance(result.error.__cause__, DeadlineError)
    assert "0.05 s" in str(result.error)


def test_a_deadline_covers_all_attempts_and_the_waiting_between(host):
    node = flaky(100, deadline=0.2, retry={"max_attempts": 100, "base": 0.05, "factor": 1.0, "cap": 0.05})
    began = time.monotonic()
    result = run(host, chain(node))
    assert result.state == "failed"
    assert time.monotonic() - began < 2


def test_a_timeout_of_a_container_ends_its_frames(host):
    ended = []

    async def body(n):
        try:
            await asyncio.sleep(5)
        finally:
            ended.append(n)

    workflow = chain(
        Node.transform("items", lambda: [1, 2]), Node.map("each", Node.transform("body", body), timeout=0.1)
    )
    result = run(host, workflow)
    assert result.state == "failed"
    assert sorted(ended) == [1, 2]
    assert result.seconds < 2
    assert any(isinstance(error.__cause__, DeadlineError) for error in result.errors)


def test_a_deadline_reaches_the_bodies_within(host):
    seen = []

    def body(context):
        seen.append(context.deadline - time.monotonic())

    run(host, chain(Node.subworkflow("sub", Node.transform("body", body), timeout=7)), timeout_seconds=100)
    assert 0 < seen[0] <= 7


def test_a_priority_goes_first_where_a_limit_makes_nodes_wait(host):
    order = []
    workflow = Workflow("w")
    for name, priority in (("low", 0), ("high", 5), ("mid", 3)):
        workflow.add_node(Node.transform(name, lambda name=name: order.append(name), priority=priority))
    run(host, workflow, max_concurrency=1)
    assert order == ["high", "mid", "low"]


def test_a_resource_limits_the_nodes_that_share_it(host):
    running, most = [0], [0]

    async def body():
        running[0] += 1
        most[0] = max(most[0], running[0])
        await asyncio.sleep(0.01)
        running[0] -= 1

    workflow = Workflow("w")
    for number in range(6):
        workflow.add_node(Node.transform(f"n{number}", body, resource="db"))
    assert run(host, workflow, resource_limits={"db": 2}).is_success()
    assert most[0] == 2


def test_the_causes_of_a_failure_in_nested_scopes_form_one_chain(host):
    deepest = Workflow("deepest").chain(Node.transform("ok", lambda value: value), broken())
    loop = Node.loop("again", deepest, until="true", max_iterations=2)
    error = run(host, chain(Node.map("each", loop, over=[1], retry={"max_attempts": 1}))).errors[-1]
    chained = []
    while error is not None:
        chained.append((type(error), getattr(error, "activation", "").partition("/")[2]))
        error = error.__cause__
    assert chained == [
        (NodeError, "each"),
        (NodeError, "each[0]/again"),
        (NodeError, "each[0]/again#1/bad"),
        (ValueError, ""),
    ]


def test_every_error_knows_all_errors_of_the_run_and_the_attempts_it_took(host):
    workflow = Workflow("w")
    for node in (broken("a", retry={"max_attempts": 2, **QUICK}), broken("b")):
        workflow.add_node(node)
    result = run(host, workflow, on_error="continue")
    assert {error.node: error.attempts for error in result.errors} == {"a": 2, "b": 1}
    assert all(set(error.errors) == set(result.errors) for error in result.errors)


def test_a_part_that_a_delay_cannot_pass_on_fails_the_run(host):
    workflow = Workflow("w")
    workflow.add_node(Node.transform("source", lambda: {"title": "T"}))
    workflow.add_node(Node.delay("wait", 0.001))
    workflow.connect("source", "wait", output="text")
    result = run(host, workflow)
    assert result.state == "failed"
    assert "no part 'text'" in str(result.error)
