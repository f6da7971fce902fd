"""Maps, loops and subworkflows."""

from __future__ import annotations

import asyncio
import threading

import pytest

from graphbit_core import Executor, LoopExhaustedError, Node, NodeError, Usage, Workflow


def one_node(function, **options):
    return Node.transform("body", function, **options)


def run(host, *nodes, inputs=None, **settings):
    return Executor(host=host, **settings).execute(Workflow("w").chain(*nodes), inputs)


def numbers(count):
    return Node.transform("numbers", lambda: list(range(count)), inline=True)


def test_a_map_runs_its_body_per_item_and_keeps_their_order(host):
    async def square(n):
        await asyncio.sleep(0.01 if n % 2 else 0)
        return n * n

    result = run(host, numbers(6), Node.map("each", one_node(square)))
    assert result.output == [0, 1, 4, 9, 16, 25]


def test_a_map_gives_its_results_as_completed_if_asked(host):
    async def wait(seconds):
        await asyncio.sleep(seconds)
        return seconds

    items = Node.transform("items", lambda: [0.2, 0.0, 0.1])
    result = run(host, items, Node.map("each", one_node(wait), ordered=False))
    assert result.output == [0.0, 0.1, 0.2]


def test_a_map_over_nothing_gives_an_empty_list(host):
    result = run(host, numbers(0), Node.map("each", one_node(lambda n: n)))
    assert result.output == []
    assert result.state == "succeeded"


def test_a_map_runs_at_most_max_concurrency_items_at_once(host):
    running, most, lock = [0], [0], threading.Lock()

    async def body(n):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        await asyncio.sleep(0.005)
        running[0] -= 1
        return n

    result = run(host, numbers(20), Node.map("each", one_node(body), max_concurrency=3))
    assert result.output == list(range(20))
    assert most[0] == 3


def test_a_map_reads_a_stream_as_items_end(host):
    drawn, most_ahead, done = [0], [0], [0]

    def stream():
        for n in range(10):
            drawn[0] += 1
            most_ahead[0] = max(most_ahead[0], drawn[0] - done[0])
            yield n

    async def body(n):
        await asyncio.sleep(0.002)
        done[0] += 1
        return n + 1

    result = run(
        host, Node.transform("items", lambda: stream()), Node.map("each", one_node(body), max_concurrency=2)
    )
    assert result.output == list(range(1, 11))
    assert most_ahead[0] <= 4


def test_a_map_reads_an_async_stream(host):
    async def stream():
        for n in range(5):
            await asyncio.sleep(0.001)
            yield n

    result = run(host, Node.transform("items", lambda: stream()), Node.map("each", one_node(lambda n: n * 2)))
    assert result.output == [0, 2, 4, 6, 8]


def test_a_stream_that_raises_fails_the_map(host):
    def stream():
        yield 1
        raise OSError("the disk is gone")

    result = run(host, Node.transform("items", lambda: stream()), Node.map("each", one_node(lambda n: n)))
    assert result.state == "failed"
    assert "the disk is gone" in str(result.error)


def test_the_first_failed_item_fails_the_map_and_cancels_the_others(host):
    started = []

    async def body(n):
        started.append(n)
        if n == 1:
            raise ValueError("item 1 is bad")
        await asyncio.sleep(5)

    result = run(host, numbers(3), Node.map("each", one_node(body)))
    assert result.state == "failed"
    assert str(result.errors[0].__cause__) == "item 1 is bad"
    assert result.errors[0].activation == f"{result.run_id}/each[1]/body"
    assert result.seconds < 2


def test_a_failed_map_names_the_item_that_failed_and_not_one_that_was_cancelled_for_it(host):
    async def body(n):
        if n == 2:
            raise ValueError("item 2 is bad")
        await asyncio.sleep(5)

    error = run(host, numbers(4), Node.map("each", one_node(body))).errors[-1]
    chain = [error, error.__cause__, error.__cause__.__cause__]
    assert [type(one) for one in chain] == [NodeError, NodeError, ValueError]
    assert [one.node for one in chain[:2]] == ["each", "body"]
    assert chain[1].activation.endswith("each[2]/body")
    assert chain[2].__cause__ is None


def test_a_map_may_collect_errors_in_the_place_of_outputs(host):
    def body(n):
        if n == 1:
            raise ValueError("item 1 is bad")
        return n

    result = run(host, numbers(3), Node.map("each", one_node(body), on_item_error="collect"))
    assert result.state == "succeeded_degraded"
    assert result.output[0] == 0
    assert result.output[2] == 2
    assert isinstance(result.output[1], NodeError)
    assert "item 1 is bad" in str(result.handled[0])


def test_an_item_whose_last_nodes_are_skipped_gives_nothing(host):
    body = Workflow("keep even").chain(
        Node.condition("even", lambda item: "keep" if item % 2 == 0 else []),
        Node.transform("keep", lambda n: n),
    )
    result = run(host, numbers(6), Node.map("each", body))
    assert result.output == [0, 2, 4]


def test_a_body_sees_item_index_ancestors_and_inputs(host):
    body = Node.transform("line", template="{index}: {item} of {prefix} {style}")
    result = run(
        host,
        Node.transform("prefix", lambda: ["a", "b"]),
        Node.map("each", body, over="prefix"),
        inputs={"style": "plain"},
    )
    assert result.output[1].startswith("1: b of [")
    assert result.output[1].endswith("plain")


def test_a_failed_map_with_a_value_degrades_the_run(host):
    def body(n):
        raise ValueError(n)

    result = run(
        host,
        numbers(2),
        Node.map("each", one_node(body), on_error={"value": []}),
        Node.transform("use", lambda got: ["then", got]),
    )
    assert result.state == "succeeded_degraded"
    assert result.output == ["then", []]


def test_a_loop_runs_until_its_condition_holds_and_carries_its_state(host):
    result = run(
        host,
        Node.transform("start", lambda: 1),
        Node.loop(
            "double", one_node(lambda state: state * 2), until=lambda state: state > 100, max_iterations=20
        ),
    )
    assert result.output == 128


def test_the_condition_of_a_loop_may_be_an_expression(host):
    loop = Node.loop(
        "count",
        Node.transform("body", lambda state: state + 1),
        until="state >= 3",
        max_iterations=9,
        initial=0,
    )
    assert run(host, loop).output == 3


def test_an_exhausted_loop_is_a_typed_error(host):
    loop = Node.loop(
        "count", one_node(lambda state: state + 1), until="state < 0", max_iterations=4, initial=0
    )
    result = run(host, loop)
    assert result.state == "failed"
    cause = result.error.__cause__
    assert isinstance(cause, LoopExhaustedError)
    assert (cause.iterations, cause.state) == (4, 4)


def test_an_exhausted_loop_may_go_on_along_its_exhausted_edge(host):
    workflow = Workflow("w")
    loop = Node.loop(
        "count",
        one_node(lambda state: state + 1),
        until="state < 0",
        max_iterations=2,
        initial=0,
        on_exhausted="route",
    )
    for node in (loop, Node.transform("fine", lambda v: v), Node.transform("late", lambda v: ["late", v])):
        workflow.add_node(node)
    workflow.connect("count", "fine")
    workflow.connect("count", "late", when="exhausted")
    result = Executor(host=host).execute(workflow)
    assert result.outputs["late"] == ["late", 2]
    assert "fine" not in result.outputs


def test_a_loop_without_a_bound_is_found_before_anything_runs(host):
    workflow = Workflow("w").chain(
        Node("loop", "forever", body=Workflow("b").chain(one_node(len)), until="true")
    )
    assert [finding.code for finding in workflow.validate(host)] == ["unbounded_loop"]


def test_a_subworkflow_gives_what_its_last_node_gives(host):
    inner = Workflow("inner").chain(
        Node.transform("shout", template="{text}!"), Node.transform("twice", lambda text: text * 2)
    )
    result = run(
        host,
        Node.transform("word", template="{word}"),
        Node.subworkflow("sub", inner, inputs={"text": "{word}"}),
        Node.transform("end", lambda text: f"<{text}>"),
        inputs={"word": "hey"},
    )
    assert result.output == "<hey!hey!>"


def test_containers_nest(host):
    improve = Node.loop("improve", one_node(lambda state: state + 1), until="state >= 10", max_iterations=20)
    inner = Workflow("inner").chain(improve, Node.transform("label", template="{item}->{improve}"))
    result = run(host, numbers(3), Node.map("each", inner))
    assert result.output == ["0->10", "1->10", "2->10"]


def test_an_activation_is_named_by_run_frames_and_node(host):
    seen = []
    improve = Node.loop(
        "improve",
        one_node(lambda state, context: seen.append(context.activation) or state + 1),
        until="state >= 2",
        max_iterations=9,
        initial=0,
    )
    result = run(host, numbers(1), Node.map("each", improve))
    assert seen == [f"{result.run_id}/each[0]/improve#{n}/body" for n in (1, 2)]


def test_a_map_over_ten_thousand_items_keeps_none_of_their_frames(host):
    result = run(host, numbers(10_000), Node.map("each", one_node(lambda n: n, inline=True)))
    assert result.output == list(range(10_000))


def test_a_failure_in_a_frame_names_its_place_and_the_container_fails_after_it(host):
    inner = Workflow("inner").chain(Node.transform("bad", lambda: 1 / 0))
    result = run(host, Node.subworkflow("sub", inner))
    assert [error.node for error in result.errors] == ["bad", "sub"]
    assert result.errors[0].activation == f"{result.run_id}/sub/bad"


def test_a_body_that_names_a_node_outside_that_does_not_come_before_is_found(host):
    workflow = Workflow("w")
    workflow.add_node(numbers(2))
    workflow.add_node(Node.transform("later", lambda: 1))
    workflow.add_node(Node.map("each", Node.transform("body", template="{later}"), over="numbers"))
    workflow.connect("numbers", "each")
    workflow.connect("each", "later")
    (finding,) = workflow.validate(host)
    assert (finding.code, finding.node) == ("not_an_ancestor", "each/body")


@pytest.mark.parametrize("ending", ["all succeed", "an item fails", "the map is late", "a sibling fails"])
def test_tokens_of_frames_are_counted_once_for_the_container_however_it_ends(host, ending):
    async def ask(context):
        context.add_usage(Usage(1, 1))
        if context.given["item"] == 2 and ending != "all succeed":
            if ending == "an item fails":
                raise ValueError("no")
            await asyncio.sleep(5)

    async def sibling():
        await asyncio.sleep(0.05)
        if ending == "a sibling fails":
            raise ValueError("no")

    late = 0.05 if ending == "the map is late" else None
    workflow = Workflow("w")
    workflow.add_node(Node.map("each", one_node(ask), over=[0, 1, 2], timeout=late))
    workflow.add_node(Node.transform("sibling", sibling))
    result = Executor(host=host).execute(workflow)
    assert result.is_success() == (ending == "all succeed")
    assert result.nodes[0].usage == result.usage == Usage(3, 3)


def test_a_failed_map_names_the_item_that_failed_by_itself(host):
    async def body(n):
        if n == 1:
            raise ValueError("unlucky")
        await asyncio.sleep(30)

    error = run(host, numbers(3), Node.map("each", one_node(body))).errors[-1]
    assert str(error) == "node 'each' failed: NodeError: node 'each[1]/body' failed: ValueError: unlucky"


def test_the_end_of_a_loop_may_be_decided_by_names(host):
    body = one_node(lambda state: state + 1)
    loop = Node.loop("l", body, until=lambda state, iteration: iteration == 3, max_iterations=9, initial=0)
    assert run(host, loop).output == 3
    loop = Node.loop("l", body, until=lambda iteration: iteration == 2, max_iterations=9, initial=0)
    assert run(host, loop).output == 2


def test_a_stream_that_a_map_has_not_read_to_its_end_is_closed_when_the_map_is_over(host):
    closed, kept = [], []

    def pages():
        try:
            yield from range(100)
        finally:
            closed.append("plain")

    async def slow_pages():
        try:
            for page in range(100):
                yield page
        finally:
            await asyncio.sleep(0)
            closed.append("async")

    def over(kind):
        kept.append(kind())  # so that nothing but the run can close it
        return kept[-1]

    def broken(page):
        raise ArithmeticError("no")

    for kind in (pages, slow_pages):
        stream = Node.map("each", one_node(broken), over=lambda kind=kind: over(kind))
        assert run(host, stream).state == "failed"
    assert closed == ["plain", "async"]
