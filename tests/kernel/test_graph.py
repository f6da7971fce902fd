"""Plans and runs through the native module. The rules themselves are tested beside the kernel."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

import pytest

from graphbit_core._native import Plan, Run, check_graph
from graphbit_core.errors import Finding, ValidationError

if TYPE_CHECKING:
    from graphbit_core._native import PlanEdge, PlanNode


def nodes(*ids: str) -> list[PlanNode]:
    return [(node_id, "task", None) for node_id in ids]


def edges(*pairs: tuple[int, int]) -> list[PlanEdge]:
    return [(source, target, None) for source, target in pairs]


def started(
    plan: Plan, *, limit: int = 100, types: dict[str, int] | None = None, on_error: str = "fail_fast"
) -> Run:
    run = Run(plan, limit, types or {}, on_error)
    run.start(0.0)
    return run


def settle_all(run: Run) -> list[list[int]]:
    """Runs to the end, everything succeeding; what started together, in order."""
    waves = []
    while run.status() is None:
        waves.append(run.take(1.0))
        assert run.settle([(activation, "succeeded", None, None) for activation in waves[-1]], 2.0) == []
    return waves


def test_a_sound_graph_has_no_findings_and_an_order() -> None:
    graph = nodes("a", "b", "c"), edges((2, 0), (0, 1))
    assert check_graph(*graph) == []
    assert Plan(*graph).order() == [2, 0, 1]
    assert Plan(*graph).ancestors(1) == [2, 0]


def test_a_plan_with_faults_raises_with_every_finding() -> None:
    graph = nodes("a", "b", "lone"), edges((0, 1), (1, 0))
    assert check_graph(*graph) == [("cycle", 0, "a -> b -> a"), ("disconnected", 2, "lone")]
    with pytest.raises(ValidationError, match=r"a -> b -> a.*lone") as caught:
        Plan(*graph)
    assert caught.value.findings is not None
    assert [(f.code, f.node) for f in caught.value.findings] == [("cycle", "a"), ("disconnected", "lone")]
    assert all(isinstance(finding, Finding) and finding.fix for finding in caught.value.findings)


@pytest.mark.parametrize("seconds", [-1.0, math.nan, math.inf])
def test_a_delay_that_is_no_time_is_a_finding(seconds: float) -> None:
    assert [code for code, _, _ in check_graph([("a", "delay", seconds)], [])] == ["invalid_delay"]


def test_a_chain_runs_to_success() -> None:
    run = started(Plan(nodes("a", "b"), edges((0, 1))))
    assert settle_all(run) == [[0], [1]]
    assert run.status() == "succeeded"
    assert run.states() == [("succeeded", 1.0, 2.0, None)] * 2
    assert run.take(3.0) == [] and run.next_timer() is None


def test_a_branch_not_chosen_is_skipped_and_the_join_runs() -> None:
    plan = Plan(nodes("if", "yes", "no", "join"), [(0, 1, "y"), (0, 2, "n"), (1, 3, None), (2, 3, None)])
    run = started(plan)
    run.take(0.0)
    assert run.settle([(0, "succeeded", ["y"], None)], 1.0) == []
    assert run.states()[2] == ("skipped", None, 1.0, "not_chosen")
    assert settle_all(run) == [[1], [3]]
    assert run.live_parents(3) == [1]


def test_an_impossible_choice_is_told_to_whoever_settled_it() -> None:
    run = started(Plan(nodes("if", "a", "b"), [(0, 1, "yes"), (0, 2, None)]))
    run.take(0.0)
    [(activation, error)] = run.settle([(0, "succeeded", ["maybe"], None)], 1.0)
    assert activation == 0 and all(name in error for name in ('"maybe"', '"yes"', '"b"'))
    assert run.status() == "failed"
    assert [event[4] for event in run.events() if event[2] == "node.failed"] == [{"error": error}]


def test_a_failure_asks_once_to_cancel_what_runs() -> None:
    run = started(Plan(nodes("a", "b", "c"), edges((0, 2), (1, 2))))
    assert run.take(0.0) == [0, 1]
    run.settle([(0, "failed", None, "broke")], 1.0)
    assert (run.to_cancel(), run.to_cancel()) == ([1], [])
    run.settle([(1, "cancelled", None, None)], 2.0)
    assert [state for state, *_ in run.states()] == ["failed", "cancelled", "skipped"]
    assert run.status() == "failed"


def test_cancel_returns_what_still_runs() -> None:
    run = started(Plan(nodes("a", "b", "c"), []), limit=2)
    run.take(0.0)
    assert run.cancel("stop", 1.0) == [0, 1]
    run.settle([(0, "cancelled", None, None), (1, "succeeded", None, None)], 2.0)
    assert run.status() == "cancelled"
    assert run.events()[-1][2:] == ("run.cancelled", None, {"reason": "stop"})


def test_limits_hold_per_run_and_per_type() -> None:
    plan = Plan([("a", "llm", None), ("b", "llm", None), ("c", "task", None), ("d", "task", None)], [])
    run = started(plan, limit=2, types={"llm": 1})
    assert run.take(0.0) == [0, 2]
    run.settle([(0, "succeeded", None, None)], 1.0)
    assert run.take(1.0) == [1]


def test_a_delay_fires_at_its_time_and_holds_no_permit() -> None:
    run = started(
        Plan([("wait", "delay", 0.5), ("a", "task", None), ("b", "task", None)], edges((0, 2), (1, 2))),
        limit=1,
    )
    assert run.take(10.0) == [1]
    assert run.next_timer() == 10.5
    run.settle([(1, "succeeded", None, None)], 10.1)
    assert run.take(10.4) == []
    assert run.take(10.5) == [2]
    told = [(event[2], event[4]) for event in run.events() if event[2].startswith("timer")]
    assert told == [("timer.started", {"seconds": 0.5}), ("timer.fired", {})]


def test_events_are_numbered_without_a_gap_around_those_of_the_driver() -> None:
    run = started(Plan(nodes("a", "b"), [(0, 1, "go")]))
    first = run.events()
    own = run.take_seq()
    settle_all(run)
    numbers = [event[0] for event in first] + [own] + [event[0] for event in run.events()]
    assert numbers == list(range(len(numbers)))


def test_an_edge_event_names_both_ends_and_the_label() -> None:
    run = started(Plan(nodes("a", "b", "c"), [(0, 1, "go"), (0, 2, None)]))
    run.take(0.0)
    run.settle([(0, "succeeded", ["go"], None)], 1.0)
    told = [event[2:] for event in run.events() if event[2].startswith("edge.")]
    assert told == [
        ("edge.live", 0, {"source": "a", "target": "b", "label": "go"}),
        ("edge.dead", 0, {"source": "a", "target": "c", "reason": "not_chosen"}),
    ]


@pytest.mark.parametrize(
    ("limit", "types", "on_error", "field"),
    [
        (0, {}, "drain", "max_concurrency"),
        (1, {"llm": 0}, "drain", "type_limits"),
        (1, {}, "never", "on_error"),
    ],
)
def test_a_wrong_argument_is_named(limit: int, types: dict[str, int], on_error: str, field: str) -> None:
    with pytest.raises(ValidationError, match=field) as caught:
        Run(Plan(nodes("a"), []), limit, types, on_error)
    assert caught.value.field == field


def test_settling_what_has_not_started_is_refused_as_a_whole() -> None:
    run = started(Plan(nodes("a", "b"), edges((0, 1))))
    run.take(0.0)
    with pytest.raises(ValidationError, match='node "b"'):
        run.settle([(0, "succeeded", None, None), (1, "succeeded", None, None)], 1.0)
    assert [state for state, *_ in run.states()] == ["running", "pending"]
    with pytest.raises(ValidationError, match='"done"'):
        run.settle([(0, "done", None, None)], 1.0)
    with pytest.raises(ValidationError, match="no node 9"):
        run.settle([(9, "succeeded", None, None)], 1.0)
    with pytest.raises(ValidationError, match="no node 9"):
        run.live_parents(9)


def test_each_activation_is_handed_out_once_to_many_threads() -> None:
    count = 400
    run = started(
        Plan(nodes("root", *(f"n{i}" for i in range(count))), edges(*((0, i + 1) for i in range(count))))
    )
    seen: list[int] = []

    def work() -> None:
        while run.status() is None:
            taken = run.take(1.0)
            seen.extend(taken)
            run.settle([(activation, "succeeded", None, None) for activation in taken], 1.0)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(seen) == list(range(count + 1))
    assert run.status() == "succeeded"


def test_the_state_of_one_node_is_the_one_among_all_states() -> None:
    run = started(Plan(nodes("a", "b"), edges((0, 1))))
    run.take(1.0)
    assert [run.state(0), run.state(1)] == [row[0] for row in run.states()] == ["running", "pending"]
    with pytest.raises(ValidationError, match="2"):
        run.state(2)
