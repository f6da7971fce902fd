"""Plans and runs through the native module. The rules themselves are tested beside the kernel."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any

import pytest
from graphs import broke, edges, labelled, made, mapping, nodes, of_type, ok, plan, settle_all, started, take

from graphbit_core._native import Plan, check_graph
from graphbit_core.errors import Finding, ValidationError

if TYPE_CHECKING:
    from graphbit_core.kernel.graph_data import NodeRules, PlanNode


def test_a_sound_graph_has_no_findings_and_an_order() -> None:
    scope = nodes("a", "b", "c"), edges((2, 0), (0, 1))
    assert check_graph([scope]) == []
    assert Plan([scope]).order(0) == [2, 0, 1]
    assert Plan([scope]).ancestors(0, 1) == [2, 0]
    with pytest.raises(ValidationError, match="no scope 1"):
        Plan([scope]).order(1)


def test_a_plan_with_faults_raises_with_every_finding() -> None:
    scope = nodes("a", "b", "lone"), edges((0, 1), (1, 0))
    cycle, lone = check_graph([scope])
    assert cycle[:3] == ("cycle", 0, 0) and "a -> b -> a" in cycle[3] and "loop" in cycle[4]
    assert lone[:3] == ("disconnected", 0, 2) and "node lone" in lone[3] and lone[4]
    with pytest.raises(ValidationError, match=r"a -> b -> a.*lone") as caught:
        Plan([scope])
    assert caught.value.findings is not None
    assert [(f.code, f.node) for f in caught.value.findings] == [("cycle", "a"), ("disconnected", "lone")]
    assert all(isinstance(finding, Finding) and finding.fix for finding in caught.value.findings)


@pytest.mark.parametrize("seconds", [-1.0, math.nan, math.inf])
def test_a_delay_that_is_no_time_is_a_finding(seconds: float) -> None:
    assert [code for code, *_ in check_graph([([("a", "delay", {"delay": seconds})], [])])] == [
        "invalid_delay"
    ]


def test_a_fault_inside_a_body_names_its_scope() -> None:
    scopes = mapping()
    scopes[1] = ([("x", "task", {"max_attempts": 0})], [])
    [(code, scope, node, detail, _)] = check_graph(scopes)
    assert (code, scope, node) == ("invalid_rule", 1, 0) and "max_attempts" in detail


@pytest.mark.parametrize(
    ("rules", "field", "text"),
    [
        ({"join": "some"}, "join", "all_settled"),
        ({"rest": "keep"}, "rest", "drain"),
        ({"on_error": "ignore"}, "on_error", "route"),
        ({"on_error": "fallback"}, "fallback", "index"),
        ({"style": "fork"}, "style", "subworkflow"),
        ({"retries": 3}, "rules", '"retries"'),
    ],
)
def test_a_rule_with_an_unknown_word_is_refused_by_name(rules: Any, field: str, text: str) -> None:
    for refuse in (check_graph, Plan):
        with pytest.raises(ValidationError, match=text) as caught:
            refuse([([("a", "task", rules)], [])])
        assert caught.value.field == field


def test_a_rule_of_the_wrong_type_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        Plan([([("a", "task", {"timeout": "soon"})], [])])  # type: ignore[list-item, typeddict-item]


def test_a_chain_runs_to_success() -> None:
    run = started(plan(nodes("a", "b"), edges((0, 1))))
    assert settle_all(run) == [[0], [1]]
    assert run.status() == "succeeded"
    assert run.states() == [("succeeded", 1.0, 2.0, None, 1)] * 2
    assert run.take(3.0) == [] and run.next_timer() is None


@pytest.mark.parametrize("chosen", [["y"], ["yes"], [0]])
def test_a_branch_not_chosen_is_skipped_and_the_join_runs(chosen: list[str] | list[int]) -> None:
    run = started(
        plan(nodes("if", "yes", "no", "join"), labelled((0, 1, "y"), (0, 2, "n"), (1, 3, None), (2, 3, None)))
    )
    take(run)
    assert run.settle([(0, "succeeded", chosen)], 1.0) == []
    assert run.states()[2] == ("skipped", None, 1.0, "not_chosen", 0)
    assert settle_all(run) == [[1], [3]]
    assert run.live_edges(3) == [2]
    assert run.in_edges(3) == [(2, "live"), (3, "upstream_skipped")]


def test_an_impossible_choice_is_told_to_whoever_settled_it() -> None:
    run = started(plan(nodes("if", "a", "b"), labelled((0, 1, "yes"), (0, 2, None))))
    take(run)
    [(activation, became, error)] = run.settle([(0, "succeeded", ["maybe"])], 1.0)
    assert (activation, became) == (0, "failed") and error is not None
    assert all(name in error for name in ('"maybe"', '"yes"', '"b"'))
    assert run.status() == "failed"
    assert [event[6] for event in of_type(run, "node.failed")] == [{"error": error}]


def test_a_failure_asks_once_to_cancel_what_runs() -> None:
    run = started(plan(nodes("a", "b", "c"), edges((0, 2), (1, 2))))
    assert take(run) == [0, 1]
    assert run.settle([broke(0)], 1.0) == [(0, "failed", None)]
    assert (run.to_cancel(), run.to_cancel()) == ([(1, "stopped")], [])
    run.settle([(1, "cancelled", None)], 2.0)
    assert [state for state, *_ in run.states()] == ["failed", "cancelled", "skipped"]
    assert run.status() == "failed"


def test_cancel_returns_what_still_runs() -> None:
    run = started(plan(nodes("a", "b", "c")), limit=2)
    take(run)
    assert run.cancel("stop", 1.0) == [0, 1]
    run.settle([(0, "cancelled", None), ok(1)], 2.0)
    assert run.status() == "cancelled"
    assert run.events()[-1][2:] == ("run.cancelled", None, None, 0, {"reason": "stop"})


def test_limits_hold_per_run_per_type_and_per_resource() -> None:
    db: NodeRules = {"resource": "db"}
    four: list[PlanNode] = [("a", "llm", None), ("b", "llm", None), ("c", "task", db), ("d", "task", db)]
    run = started(plan(four), limit=9, types={"llm": 1}, resources={"db": 1})
    assert take(run) == [0, 2]
    run.settle([ok(0)], 1.0)
    assert take(run) == [1]
    run.settle([ok(2)], 1.0)
    assert take(run) == [3]


def test_a_delay_fires_at_its_time_and_holds_no_permit() -> None:
    three: list[PlanNode] = [("wait", "delay", {"delay": 0.5}), ("a", "task", None), ("b", "task", None)]
    run = started(plan(three, edges((0, 2), (1, 2))), limit=1)
    assert take(run, 10.0) == [1]
    assert run.next_timer() == 10.5
    run.settle([ok(1)], 10.1)
    assert take(run, 10.4) == []
    assert take(run, 10.5) == [2]
    told = [(event[2], event[6]) for event in of_type(run, "timer")]
    assert told == [("timer.started", {"seconds": 0.5}), ("timer.fired", {})]


def test_events_are_numbered_without_a_gap_around_those_of_the_driver() -> None:
    run = started(plan(nodes("a", "b"), labelled((0, 1, "go"))))
    first = run.events()
    own = run.take_seq()
    settle_all(run)
    numbers = [event[0] for event in first] + [own] + [event[0] for event in run.events()]
    assert numbers == list(range(len(numbers)))


def test_without_recording_there_are_no_events() -> None:
    run = started(plan(nodes("a", "b"), edges((0, 1))), record_events=False)
    settle_all(run)
    assert run.events() == [] and run.status() == "succeeded"


def test_an_edge_event_names_both_ends_and_the_label() -> None:
    run = started(plan(nodes("a", "b", "c"), labelled((0, 1, "go"), (0, 2, None))))
    take(run)
    run.settle([(0, "succeeded", ["go"])], 1.0)
    assert [event[2:] for event in of_type(run, "edge.")] == [
        ("edge.live", 0, "a", 1, {"source": "a", "target": "b", "label": "go"}),
        ("edge.dead", 0, "a", 1, {"source": "a", "target": "c", "reason": "not_chosen"}),
    ]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"limit": 0}, "max_concurrency"),
        ({"types": {"llm": 0}}, "type_limits"),
        ({"resources": {"db": 0}}, "resource_limits"),
        ({"on_error": "never"}, "on_error"),
    ],
)
def test_a_wrong_argument_is_named(options: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError, match=field) as caught:
        made(plan(nodes("a")), **options)
    assert caught.value.field == field


def test_settling_what_has_not_started_is_refused_as_a_whole() -> None:
    run = started(plan(nodes("a", "b"), edges((0, 1))))
    take(run)
    with pytest.raises(ValidationError, match='node "b"'):
        run.settle([ok(0), ok(1)], 1.0)
    assert [state for state, *_ in run.states()] == ["running", "pending"]
    for wrong, text in [
        ((0, "done", None), '"done"'),
        ((0, "opened", (1, False)), "cannot open frames"),
        ((9, "succeeded", None), "no node 9"),
        ((1 << 24, "succeeded", None), "no frame 1"),
    ]:
        with pytest.raises(ValidationError, match=text):
            run.settle([wrong], 1.0)
    with pytest.raises(TypeError):
        run.settle([(0, "failed", "broke")], 1.0)
    with pytest.raises(ValidationError, match="no node 9"):
        run.live_edges(9)
    assert run.state(0) == "running"


def test_each_activation_is_handed_out_once_to_many_threads() -> None:
    count = 400
    fan = edges(*((0, i + 1) for i in range(count)))
    run = started(plan(nodes("root", *(f"n{i}" for i in range(count))), fan))
    seen: list[int] = []

    def work() -> None:
        while run.status() is None:
            taken = take(run, 1.0)
            seen.extend(taken)
            run.settle([ok(activation) for activation in taken], 1.0)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(seen) == list(range(count + 1))
    assert run.status() == "succeeded"


def test_the_state_of_one_node_is_the_one_among_all_states() -> None:
    run = started(plan(nodes("a", "b"), edges((0, 1))))
    run.take(1.0)
    assert [run.state(0), run.state(1)] == [row[0] for row in run.states()] == ["running", "pending"]
    with pytest.raises(ValidationError, match="2"):
        run.state(2)
