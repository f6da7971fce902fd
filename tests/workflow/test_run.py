"""What a run means, seen through Workflow and Executor."""

from __future__ import annotations

import asyncio
import contextvars
import pickle
import threading
import time

import pytest

from graphbit_core import (
    Choice,
    DeadlineError,
    Executor,
    MissingInputError,
    Node,
    NodeError,
    OutputNotProducedError,
    ValidationError,
    Workflow,
    WorkflowContext,
)


def diamond(left, right):
    workflow = Workflow("diamond")
    for node in (
        Node.transform("start", template="{topic}"),
        Node.transform("left", left),
        Node.transform("right", right),
        Node.transform("join", lambda left, right: f"{left}+{right}"),
    ):
        workflow.add_node(node)
    for a, b in (("start", "left"), ("start", "right"), ("left", "join"), ("right", "join")):
        workflow.connect(a, b)
    return workflow


def test_a_join_gets_both_branches(host):
    result = Executor(host=host).execute(diamond(str.upper, str.title), {"topic": "ice cream"})
    assert result.state == "succeeded"
    assert result.output == "ICE CREAM+Ice Cream"


def test_inputs_that_no_node_produces_are_run_inputs_and_must_be_given(host):
    ran = []
    workflow = Workflow("w").chain(
        Node.transform("a", lambda: ran.append(1)), Node.transform("b", template="{topic} {style}")
    )
    with pytest.raises(MissingInputError) as caught:
        Executor(host=host).execute(workflow, {"style": "dry"})
    assert caught.value.missing == ("topic",)
    assert not ran


def test_a_join_after_a_condition_runs_with_the_branch_that_was_taken(host):
    workflow = Workflow("either")
    for node in (
        Node.condition("check", lambda number: "odd" if number % 2 else "even"),
        Node.transform("halve", lambda number: number // 2),
        Node.transform("triple", lambda number: 3 * number + 1),
        Node.transform("join", lambda value: value),
    ):
        workflow.add_node(node)
    workflow.connect("check", "halve", when="even")
    workflow.connect("check", "triple", when="odd")
    workflow.connect("halve", "join")
    workflow.connect("triple", "join")
    result = Executor(host=host).execute(workflow, {"number": 7})
    assert result.output == 22
    skipped = next(node for node in result.nodes if node.id == "halve")
    assert (skipped.state, skipped.reason) == ("skipped", "not_chosen")


def test_a_condition_that_names_no_edge_fails_and_says_which_there_are(host):
    workflow = Workflow("w").chain(
        Node.condition("check", lambda _: "nowhere"), Node.transform("target", template="x")
    )
    result = Executor(host=host).execute(workflow, {"_": None})
    assert result.state == "failed"
    assert "nowhere" in str(result.error)
    assert "target" in str(result.error)


def test_any_body_may_choose(host):
    workflow = Workflow("w")
    for node in (
        Node.transform("pick", lambda: Choice(["b"], 5)),
        Node.transform("a", lambda v: v),
        Node.transform("b", lambda v: v),
    ):
        workflow.add_node(node)
    workflow.connect("pick", "a")
    workflow.connect("pick", "b")
    result = Executor(host=host).execute(workflow)
    assert result.outputs == {"pick": 5, "b": 5}


def test_a_failure_is_reported_with_its_cause_and_feeds_nothing_to_its_children(host):
    fed = []

    def explode(_):
        raise LookupError("no such thing")

    workflow = Workflow("w").chain(
        Node.transform("a", template="x"), Node.transform("b", explode), Node.transform("c", fed.append)
    )
    result = Executor(host=host).execute(workflow)
    assert result.state == "failed"
    assert isinstance(result.error, NodeError)
    assert isinstance(result.error.__cause__, LookupError)
    assert result.error.node == "b"
    assert not fed
    with pytest.raises(NodeError):
        result.raise_for_failure()
    with pytest.raises(OutputNotProducedError, match="c"):
        result.get_node_output("c")
    assert result.get_node_output("a") == "x"


@pytest.mark.parametrize("inline", [True, False])
def test_system_exit_in_a_body_is_a_failure_of_the_node(host, inline):
    def leave():
        raise SystemExit(3)

    workflow = Workflow("w")
    workflow.add_node(Node.transform("a", leave, inline=inline))
    result = Executor(host=host).execute(workflow)
    assert result.state == "failed"
    assert isinstance(result.error.__cause__, SystemExit)


def test_continue_runs_independent_branches_and_the_run_still_fails(host):
    def explode(_):
        raise ValueError("left")

    result = Executor(host=host, on_error="continue").execute(diamond(explode, str.upper), {"topic": "x"})
    states = {node.id: node.state for node in result.nodes}
    assert states == {"start": "succeeded", "left": "failed", "right": "succeeded", "join": "skipped"}
    assert result.state == "failed"


def test_fail_fast_cancels_coroutines_that_run(host):
    cancelled = threading.Event()

    async def wait(_):
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async def explode(_):
        await asyncio.sleep(0.01)
        raise ValueError("now")

    started = time.monotonic()
    result = Executor(host=host).execute(diamond(wait, explode), {"topic": "x"})
    assert time.monotonic() - started < 5
    assert cancelled.is_set()
    assert {n.id: n.state for n in result.nodes}["left"] == "cancelled"


def test_a_fast_branch_never_waits_for_a_slow_sibling(host):
    order = []

    async def slow(_):
        await asyncio.sleep(0.3)
        order.append("slow")

    workflow = Workflow("w")
    for node in (
        Node.transform("start", template="go"),
        Node.transform("slow", slow),
        Node.transform("fast", lambda _: order.append("fast")),
        Node.transform("child", lambda _: order.append("child")),
    ):
        workflow.add_node(node)
    for a, b in (("start", "slow"), ("start", "fast"), ("fast", "child")):
        workflow.connect(a, b)
    Executor(host=host).execute(workflow).raise_for_failure()
    assert order == ["fast", "child", "slow"]


def test_a_run_that_is_not_done_in_time_is_cancelled_with_a_deadline_error(host):
    workflow = Workflow("w").chain(Node.delay("wait", 60), Node.transform("after", lambda v: v))
    started = time.monotonic()
    result = Executor(host=host, timeout_seconds=0.2).execute(workflow)
    assert time.monotonic() - started < 2
    assert result.state == "failed"
    assert isinstance(result.error, DeadlineError)


def test_a_hung_plain_function_is_abandoned_and_reported(host):
    release = threading.Event()
    workflow = Workflow("w")
    workflow.add_node(Node.transform("hang", lambda: release.wait(30)))
    result = Executor(host=host, timeout_seconds=0.2).execute(workflow)
    release.set()
    assert result.state == "failed"
    assert result.abandoned == ["hang"]
    assert "hang" not in result.outputs


def test_a_delay_passes_on_what_it_got_after_its_time(host):
    workflow = Workflow("w").chain(
        Node.transform("a", template="value"), Node.delay("wait", 0.05), Node.transform("b", lambda v: v)
    )
    result = Executor(host=host).execute(workflow)
    assert result.output == "value"
    assert result.get_node_output("wait") == "value"
    assert result.seconds >= 0.05


def test_variables_are_seen_by_descendants_and_left_in_the_context(host):
    def write(context):
        context.set_variable("colour", "red")

    workflow = Workflow("w").chain(
        Node.transform("a", write), Node.transform("b", lambda context: context.inputs["colour"])
    )
    context = WorkflowContext({"size": 3})
    result = Executor(host=host).execute(workflow, context=context)
    assert result.output == "red"
    assert context.get_variable("colour") == "red"
    assert context.variables["size"] == 3
    assert context.state == "succeeded"


def test_context_variables_of_the_caller_reach_every_body(host):
    user = contextvars.ContextVar("user", default="nobody")
    user.set("ada")
    seen = []

    async def coroutine():
        seen.append(user.get())

    workflow = Workflow("w").chain(
        Node.transform("a", lambda: seen.append(user.get())),
        Node.transform("b", coroutine),
        Node.transform("c", lambda: seen.append(user.get()), inline=True),
    )
    executor = Executor(host=host)
    executor.execute(workflow)

    async def inside():
        executor.execute(workflow)
        await executor.run_async(workflow)

    asyncio.run(inside())
    assert seen == ["ada"] * 9


def test_many_threads_use_one_executor(host):
    executor = Executor(host=host)
    workflow = diamond(str.upper, str.title)
    results = []
    threads = [
        threading.Thread(
            target=lambda i=i: results.append((i, executor.execute(workflow, {"topic": f"t{i}"}).output))
        )
        for i in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == sorted((i, f"T{i}+T{i}") for i in range(20))


def test_cancelling_the_task_cancels_the_run_and_leaves_no_task(host):
    async def main():
        workflow = Workflow("w")
        workflow.add_node(Node.transform("a", lambda: asyncio.sleep(60)))
        task = asyncio.create_task(Executor(host=host).run_async(workflow))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_limits_hold_per_run_and_per_node_type(host):
    running, most = 0, 0

    async def body(_):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1

    workflow = Workflow("w")
    workflow.add_node(Node.transform("start", template="x"))
    for i in range(12):
        workflow.add_node(Node.transform(f"n{i}", body))
        workflow.connect("start", f"n{i}")
    Executor(host=host, type_limits={"transform": 3}).execute(workflow).raise_for_failure()
    assert most == 3
    most = 0
    Executor(host=host, max_concurrency=2).execute(workflow).raise_for_failure()
    assert most == 2


def test_executor_settings_out_of_range_are_named():
    with pytest.raises(ValidationError, match="max_concurrency is 0"):
        Executor(max_concurrency=0)
    with pytest.raises(ValidationError, match="on_error is 'ignore'"):
        Executor(on_error="ignore")
    with pytest.raises(ValidationError, match="timeout_seconds is 0"):
        Executor(timeout_seconds=0)


def test_the_error_of_a_run_survives_pickling_though_it_is_among_its_own_errors(host):
    def explode():
        raise LookupError("no such thing")

    workflow = Workflow("w").chain(Node.transform("a", explode))
    error = Executor(host=host).execute(workflow).error
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), copy.node, copy.run_id) == (NodeError, str(error), "a", error.run_id)
    assert copy.errors == (copy,)


def test_outputs_can_be_read_all_at_once_and_in_depth(host):
    workflow = Workflow("w").chain(Node.transform("a", lambda: {"items": [{"title": "x"}]}))
    context = WorkflowContext()
    with pytest.raises(OutputNotProducedError, match="no run"):
        context.get_nested_output("a.items")
    result = Executor(host=host).execute(workflow, context=context)
    assert result.get_all_node_outputs() == {"a": {"items": [{"title": "x"}]}}
    assert context.get_nested_output("a.items.0.title") == "x"
    with pytest.raises(OutputNotProducedError, match=r"items\.9"):
        context.get_nested_output("a.items.9")
    assert result.execution_time_ms() == result.seconds * 1000 > 0


def test_a_skipped_node_says_why_one_hop_at_a_time(host):
    def graph(first, *edges, **settings):
        workflow = Workflow("w").chain(Node.transform("start", lambda: 1), first)
        for node in ("a", "b", "c"):
            workflow.add_node(Node.transform(node, lambda value: value))
        for source, target in edges:
            workflow.connect(source, target)
        result = Executor(host=host, **settings).execute(workflow)
        return {node.id: node.reason for node in result.nodes if node.state == "skipped"}

    def bad(_):
        raise ValueError("no")

    edges = ("first", "a"), ("first", "b"), ("b", "c")
    chosen = Node.condition("first", lambda _: "a")
    assert graph(chosen, *edges) == {"b": "not_chosen", "c": "upstream_skipped"}
    skipped = Node.transform("first", bad, on_error="skip")
    assert graph(skipped, *edges) == dict.fromkeys("abc", "upstream_skipped")
    failed = Node.transform("first", bad)
    assert graph(failed, *edges) == dict.fromkeys("abc", "upstream_failed")
    late = Node.transform("first", lambda _: time.sleep(0.2))
    assert graph(late, *edges, timeout_seconds=0.05) == dict.fromkeys("abc", "cancelled")


def test_nodes_see_outputs_of_ancestors_by_id_and_by_name_and_of_nobody_else(host):
    def look(context):
        return {key: context.outputs[key] for key in context.outputs}

    workflow = Workflow("w")
    workflow.chain(
        Node.transform("First Step", lambda: 1, id="one"),
        Node.transform("Second Step", lambda value: 2, id="two"),
        Node.transform("Look", look, id="look"),
    )
    workflow.add_node(Node.transform("Aside", lambda value: 3, id="aside"))
    workflow.connect("one", "aside")
    output = Executor(host=host).execute(workflow).get_node_output("look")
    assert output == {"one": 1, "First Step": 1, "two": 2, "Second Step": 2}
