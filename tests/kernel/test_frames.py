"""Retries, joins, frames and compensation through the native module: what only shows there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from graphs import broke, edges, mapping, nodes, of_type, ok, plan, started, take

from graphbit_core._native import Plan
from graphbit_core.errors import ValidationError

if TYPE_CHECKING:
    from graphbit_core.kernel.graph_data import NodeRules


def test_a_retry_waits_as_long_as_it_was_told() -> None:
    run = started(plan([("a", "task", {"max_attempts": 2, "backoff": (0.0, 1.0, 0.0)})]))
    assert run.take(0.0) == [(0, 0, "run", 1)]
    assert run.settle([broke(0, retryable=True, after=5.0)], 1.0) == [(0, "retrying", None)]
    assert (run.state(0), run.next_timer()) == ("waiting", 6.0)
    assert run.take(6.0) == [(0, 0, "run", 2)]
    [(_, _, _, _, path, attempt, data)] = of_type(run, "node.retrying")
    assert (path, attempt, data) == ("a", 1, {"attempt": 2, "delay": 5.0, "error": "broke"})


def test_a_fallback_is_handed_out_for_the_node_it_replaces() -> None:
    run = started(plan([("a", "task", {"on_error": "fallback", "fallback": 1}), ("spare", "task", None)]))
    take(run)
    assert run.settle([broke(0)], 1.0) == [(0, "fallback", None)]
    assert run.take(1.0) == [(0, 1, "run", 1)]
    run.settle([ok(0)], 2.0)
    assert run.status() == "succeeded_degraded"
    assert [event[6] for event in of_type(run, "node.started")] == [{}, {"fallback": "spare"}]


def test_a_timeout_is_told_with_its_reason() -> None:
    run = started(plan([("a", "task", {"timeout": 2.0})]))
    take(run, 1.0)
    assert run.next_timer() == 3.0
    assert take(run, 3.0) == []
    assert run.to_cancel() == [(0, "timeout")]
    assert run.settle([broke(0, retryable=True)], 3.0) == [(0, "failed", None)]


def test_a_quorum_that_cannot_be_reached_is_told_with_its_text() -> None:
    join: NodeRules = {"join": "quorum", "count": 2}
    run = started(plan([*nodes("a", "b"), ("join", "task", join)], edges((0, 2), (1, 2))))
    take(run)
    told = run.settle([broke(0)], 1.0)
    assert [entry[:2] for entry in told] == [(0, "absorbed"), (2, "failed")]
    assert told[1][2] is not None and "needs 2 of 2 branches" in told[1][2]


def test_a_map_opens_frames_and_is_resumed() -> None:
    run = started(Plan(mapping(max_concurrency=2)))
    take(run)
    run.settle([(0, "opened", (3, False))], 1.0)
    assert run.take(1.0) == [(1 << 24, 0, "run", 1), (2 << 24, 0, "run", 1)]
    assert run.frame(0) == (-1, 0, 0, "") and run.frame(2) == (0, 1, 1, "each[1]")
    run.settle([broke(1 << 24)], 2.0)
    assert run.to_cancel() == [(2 << 24, "stopped")]
    run.settle([(2 << 24, "cancelled", None)], 3.0)
    assert run.ended_frames() == [(1, 0, 0, "failed"), (2, 0, 1, "cancelled")]
    assert run.state(1 << 24) == "failed"
    assert run.take(4.0) == [(0, 0, "resume", 1)]
    with pytest.raises(ValidationError, match="no frame 1"):
        run.state(1 << 24)
    assert run.settle([broke(0)], 5.0) == [(0, "failed", None)]
    told = [(event[2], event[4], event[6]) for event in of_type(run, "map.")]
    assert told == [
        ("map.started", "each", {"count": 3, "more": False}),
        ("map.item", "each", {"index": 0, "state": "failed"}),
        ("map.item", "each", {"index": 1, "state": "cancelled"}),
        ("map.completed", "each", {"count": 2}),
    ]


def test_a_loop_names_its_iterations() -> None:
    run = started(Plan(mapping(style="loop")))
    take(run)
    for iteration in (1, 2):
        run.settle([(0, "opened", (1, False))], 1.0)
        assert run.take(1.0) == [(iteration << 24, 0, "run", 1)]
        assert run.frame(iteration)[3] == f"each#{iteration}"
        run.settle([ok(iteration << 24)], 1.0)
        assert run.take(1.0) == [(0, 0, "resume", 1)]
    run.settle([ok(0)], 1.0)
    assert [event[6] for event in of_type(run, "loop.")] == [{"iteration": 1}, {"iteration": 2}]


def test_a_stream_is_fed_one_frame_at_a_time() -> None:
    run = started(Plan(mapping()))
    take(run)
    run.settle([(0, "opened", (0, True))], 1.0)
    assert run.take(1.0) == [(0, 0, "feed", 1)]
    run.settle([(0, "opened", (1, True))], 1.0)
    assert run.take(1.0) == [(1 << 24, 0, "run", 1)]
    run.settle([ok(1 << 24)], 1.0)
    assert run.take(1.0) == [(0, 0, "feed", 1)]
    run.settle([(0, "opened", (0, False))], 1.0)
    assert run.take(1.0) == [(0, 0, "resume", 1)]


def test_what_succeeded_is_compensated_in_reverse() -> None:
    undo: NodeRules = {"compensate": True}
    run = started(
        plan([("a", "task", undo), ("b", "task", undo), ("c", "task", None)], edges((0, 2), (1, 2)))
    )
    take(run)
    run.settle([ok(1), ok(0)], 1.0)
    take(run)
    run.settle([broke(2)], 2.0)
    assert run.status() is None and run.take(2.0) == [(0, 0, "compensate", 1)]
    assert run.settle([broke(0)], 3.0) == [(0, "failed", None)]
    assert run.take(3.0) == [(1, 1, "compensate", 1)]
    run.settle([ok(1)], 4.0)
    assert run.status() == "failed"
    told = [(event[4], event[6]) for event in of_type(run, "node.compensated")]
    assert told == [("a", {"error": "broke"}), ("b", {})]
