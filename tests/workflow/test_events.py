"""The event stream."""

from __future__ import annotations

import asyncio

from graphbit_core import Executor, Node, Workflow
from graphbit_core.types.subscriptions import subscription
from graphbit_core.workflow.publishing import publisher


def test_where_nobody_listens_nothing_is_published(host):
    streaming = []
    workflow = chain(lambda context: streaming.append(context.streaming))
    assert publisher(host, None) is None
    Executor(host=host).execute(workflow)
    list(Executor(host=host).stream(workflow))
    assert streaming == [False, True]


def test_a_lone_reader_is_handed_events_without_a_detour(host):
    assert publisher(host, subscription(print)).publish is print


def chain(*functions):
    workflow = Workflow("w")
    return workflow.chain(*(Node.transform(f"n{i}", f) for i, f in enumerate(functions)))


def test_events_are_gapless_and_end_with_the_run(host):
    stream = Executor(host=host).stream(chain(lambda: 1, lambda v: v + 1))
    events = list(stream)
    assert [event.seq for event in events] == list(range(len(events)))
    assert events[0].type == "run.started"
    assert events[-1].type == "run.succeeded"
    assert stream.result.output == 2
    kinds = [event.type for event in events if event.node == "n1"]
    assert kinds[-2:] == ["node.started", "node.succeeded"]


def test_async_for_gives_the_same_events(host):
    async def main():
        stream = Executor(host=host).stream(chain(lambda: 1))
        return [event.type async for event in stream], stream.result

    types, result = asyncio.run(main())
    assert types == [event.type for event in Executor(host=host).stream(chain(lambda: 1))]
    assert result.is_success()


def test_a_bodys_own_events_take_their_place_in_the_stream(host):
    def body(context):
        context.emit("custom", {"progress": 1})
        context.emit("custom", {"progress": 2})

    events = list(Executor(host=host).stream(chain(body)))
    types = [event.type for event in events]
    assert types.index("node.started") < types.index("custom") < types.index("node.succeeded")
    assert [e.data["progress"] for e in events if e.type == "custom"] == [1, 2]
    assert [event.seq for event in events] == list(range(len(events)))


def test_leaving_the_loop_early_cancels_the_run(host):
    cancelled = []

    async def wait():
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    events = iter(Executor(host=host).stream(chain(wait)))
    for event in events:
        if event.type == "node.started":
            break
    events.close()
    assert cancelled == [True]


def test_attempts_are_numbered_under_their_activation(host):
    def body(context):
        if context.attempt < 3:
            raise OSError("again")
        return context.activation

    retry = {"max_attempts": 3, "base": 0.001, "cap": 0.001}
    inner = Node.loop("improve", Node.transform("draft", body, retry=retry), until="true", max_iterations=1)
    stream = Executor(host=host).stream(Workflow("w").chain(Node.map("each", inner, over=[1, 2])))
    told = [(e.attempt, e.activation) for e in stream if e.type == "node.started" and e.node == "draft"]
    assert stream.result.raise_for_failure()
    activations = [f"{stream.result.run_id}/each[{item}]/improve#1/draft" for item in (0, 1)]
    assert sorted(told) == sorted((attempt, name) for attempt in (1, 2, 3) for name in activations)
    assert stream.result.output == activations


def test_every_activation_and_every_edge_is_told_of_once_with_the_reason_of_a_dead_one(host):
    workflow = Workflow("w")
    for node in (
        Node.condition("choose", lambda: "a"),
        Node.transform("a", lambda value: 1),
        Node.transform("b", lambda value: 2),
        Node.transform("end", lambda value: 3),
    ):
        workflow.add_node(node)
    for source, target in (("choose", "a"), ("choose", "b"), ("a", "end"), ("b", "end")):
        workflow.connect(source, target)
    events = list(Executor(host=host).stream(workflow))
    edges = {
        (e.data["source"], e.data["target"]): (e.type, e.data.get("reason"))
        for e in events
        if e.type.startswith("edge.")
    }
    assert edges == {
        ("choose", "a"): ("edge.live", None),
        ("choose", "b"): ("edge.dead", "not_chosen"),
        ("a", "end"): ("edge.live", None),
        ("b", "end"): ("edge.dead", "upstream_skipped"),
    }
    assert sum(e.type.startswith("edge.") for e in events) == 4
    settled = sorted(
        (e.type, e.node) for e in events if e.type in ("node.succeeded", "node.skipped", "node.failed")
    )
    assert settled == [("node.skipped", "b"), *(("node.succeeded", node) for node in ("a", "choose", "end"))]
