"""Small plans and runs of them through the native module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphbit_core._native import Plan, Run

if TYPE_CHECKING:
    from graphbit_core.kernel.graph_data import NodeRules, PlanEdge, PlanNode, PlanScope, RunEvent, Settlement


def nodes(*ids: str) -> list[PlanNode]:
    return [(node_id, "task", None) for node_id in ids]


def edges(*pairs: tuple[int, int]) -> list[PlanEdge]:
    return [(source, target, "data", None, "") for source, target in pairs]


def labelled(*triples: tuple[int, int, str | None]) -> list[PlanEdge]:
    return [(source, target, "data", label, "") for source, target, label in triples]


def plan(nodes: list[PlanNode], edges: list[PlanEdge] | None = None) -> Plan:
    return Plan([(nodes, edges or [])])


def mapping(**rules: object) -> list[PlanScope]:
    """A container whose body has one node."""
    container: NodeRules = {"body": 1, **rules}  # type: ignore[typeddict-item]
    return [([("each", "map", container)], []), (nodes("x"), [])]


def made(
    plan: Plan,
    *,
    limit: int = 100,
    types: dict[str, int] | None = None,
    resources: dict[str, int] | None = None,
    on_error: str = "fail_fast",
    record_events: bool = True,
) -> Run:
    return Run(
        plan,
        max_concurrency=limit,
        type_limits=types or {},
        resource_limits=resources or {},
        on_error=on_error,
        deadline=None,
        seed=1,
        record_events=record_events,
    )


def started(plan: Plan, **options: Any) -> Run:
    run = made(plan, **options)
    run.start(0.0)
    return run


def take(run: Run, now: float = 0.0) -> list[int]:
    return [activation for activation, *_ in run.take(now)]


def ok(activation: int) -> Settlement:
    return (activation, "succeeded", None)


def broke(activation: int, *, retryable: bool = False, after: float | None = None) -> Settlement:
    return (activation, "failed", ("broke", retryable, after))


def of_type(run: Run, prefix: str) -> list[RunEvent]:
    return [event for event in run.events() if event[2].startswith(prefix)]


def settle_all(run: Run) -> list[list[int]]:
    """Runs to the end, everything succeeding; what started together, in order."""
    waves = []
    while run.status() is None:
        waves.append(take(run, 1.0))
        assert run.settle([ok(activation) for activation in waves[-1]], 2.0) == []
    return waves
