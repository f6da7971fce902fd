"""The same workflow gives the same whatever the timing; each activation and each edge is settled once."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter, defaultdict

import pytest

from graphbit_core import Executor, Node, Workflow
from graphbit_core.workflow.driver import Driver
from tests.workflow.random_workflows import Builder, Timing, outcome

SETTLED = ("node.succeeded", "node.degraded", "node.failed", "node.skipped", "node.cancelled")


def events_of(host, workflow, **settings):
    stream = Executor(host=host, seed=1, timeout_seconds=30, **settings).stream(workflow)
    return list(stream), stream.result


def lives(events):
    """Per activation its states, and per edge how it was resolved. Below a container that is tried again they
    begin anew: its frames have the names of those before.
    """
    attempts, nodes, edges = Counter(), defaultdict(list), defaultdict(list)
    for event in events:
        if event.activation is None:
            continue
        above = event.activation.split("/")
        around = tuple(attempts[name] for name in containers(above))
        if event.type in ("edge.live", "edge.dead"):
            ends = event.data["source"], event.data["target"]
            edges["/".join(above[:-1]), ends, around].append(event.type)
        elif event.type.startswith("node.") and "compensat" not in event.type:
            nodes[event.activation, around].append(event.type)
        if event.type == "node.retrying":
            attempts[event.activation] += 1
    return nodes, edges


def containers(path):
    """The activations of the containers around an activation: ``r/each[3]/draft`` is in ``r/each``."""
    return ["/".join((*path[:i], re.split(r"[\[#]", path[i])[0])) for i in range(1, len(path) - 1)]


def check_lives(events):
    """Each activation becomes ready and starts once per attempt, and is settled once, as the last; each edge
    is resolved once.
    """
    nodes, edges = lives(events)
    for life in nodes.values():
        *attempts, last = life
        assert last in SETTLED, life
        expected = ["node.ready", "node.started", "node.retrying"] * (len(attempts) // 3 + 1)
        assert attempts == expected[: len(attempts)], life
    assert all(len(resolved) == 1 for resolved in edges.values())


@pytest.mark.parametrize("seed", range(40))
def test_results_do_not_depend_on_timing(host, seed):
    timing = Timing()
    workflow = Builder(seed, timing).workflow()
    assert workflow.validate(host) == []
    seen = []
    for number in range(5):
        timing.draw = random.Random(number).random
        width = (100, 1, 2, 3, 100)[number]
        events, result = events_of(host, workflow, on_error="continue", max_concurrency=width)
        assert [event.seq for event in events] == list(range(len(events)))
        check_lives(events)
        seen.append(outcome(result))
    assert all(one == seen[0] for one in seen[1:])


@pytest.mark.parametrize("mode", ["fail_fast", "drain"])
@pytest.mark.parametrize("seed", range(15))
def test_a_run_that_stops_early_settles_everything_once_and_never_reports_success_for_a_failure(
    host, seed, mode
):
    timing = Timing()
    workflow = Builder(seed, timing).workflow()
    events, result = events_of(host, workflow, on_error=mode)
    check_lives(events)
    assert all(node.state in ("succeeded", "failed", "skipped", "cancelled") for node in result.nodes)
    assert result.is_success() == (not result.errors)
    assert (result.state == "succeeded") == (not result.errors and not result.handled)


@pytest.mark.parametrize("first", ["a", "b"])
def test_of_several_failures_in_a_frame_the_container_is_told_that_of_the_first_node_whatever_the_timing(
    host, first
):
    def failing(name):
        async def body():
            await asyncio.sleep(0 if name == first else 0.01)
            raise ValueError(name)

        return Node.transform(name, body)

    body = Workflow("body")
    body.add_node(failing("a"))
    body.add_node(failing("b"))
    each = Node.map("each", body, over=[1], on_item_error="collect")
    result = Executor(host=host, on_error="continue").execute(Workflow("w").chain(each))
    assert [error.node for error in result.output] == ["a"]
    assert [error.node for error in result.handled] == [first, "b" if first == "a" else "a"]


@pytest.mark.parametrize("seed", range(10))
def test_every_settlement_of_a_body_passes_through_one_place(host, seed, monkeypatch):
    """``Driver._settle``, where a journal can write it down before anything follows from it."""
    passed = Counter()
    settle = Driver._settle

    def record(driver, now):
        passed.update(number for number, outcome, _ in driver._settled if outcome != "opened")
        return settle(driver, now)

    monkeypatch.setattr(Driver, "_settle", record)
    events, _ = events_of(host, Builder(seed, Timing()).workflow(), on_error="continue")
    ended = [event for event in events if event.type in ("node.retrying", *SETTLED)]
    started = {event.activation for event in events if event.type == "node.started"}
    assert sum(passed.values()) == sum(event.activation in started for event in ended)
