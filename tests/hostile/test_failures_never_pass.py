"""Small graphs, each broken in many ways: no run says that it succeeded, nobody is fed what is missing."""

from __future__ import annotations

import pytest

from graphbit_core import Executor, Host, NodeError, Workflow, WorkflowError, WorkflowResult

from . import containers
from .causes import CAUSES, Cause, MakeNode, good, make_host
from .shapes import FED, NEVER, SHAPES, Shape, plain

assert containers  # its graphs are among the shapes


@pytest.fixture(scope="module")
def host() -> Host:
    return make_host()


def run(host: Host, shape: Shape, p: MakeNode) -> tuple[Workflow, WorkflowResult]:
    FED.clear()
    workflow = shape.build(p)
    executor = Executor(host=host, timeout_seconds=20, **shape.settings)
    return workflow, executor.execute(workflow, {"given": {"something": 1}})


def nothing_missing_was_fed() -> bool:
    waiting = list(FED)
    while waiting:
        value = waiting.pop()
        if value is None:
            return False
        waiting += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return True


def below(workflow: Workflow) -> set[str]:
    """Nodes of the workflow that come after the one that breaks, or after the container that holds it."""
    found = {
        node.id for node in workflow.nodes.values() if node.id == "p" or holds_p(node.config.get("body"))
    }
    holders = set(found)
    while more := {e.target for e in workflow.edges if e.source in found and e.target not in found}:
        found |= more
    return found - holders


def holds_p(body: object) -> bool:
    inner = body.nodes.values() if isinstance(body, Workflow) else ()
    return any(node.id == "p" or holds_p(node.config.get("body")) for node in inner)


def test_there_are_forty_graphs_and_eight_causes():
    assert len(SHAPES) >= 40
    assert len(CAUSES) >= 8


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_without_a_failure_the_graph_gives_what_is_expected(host, shape):
    _, result = run(host, shape, good)
    assert result.state == shape.healthy, result.errors
    assert plain(result.output) == shape.expected
    assert nothing_missing_was_fed()
    assert not result.errors


@pytest.mark.parametrize("cause", CAUSES.values(), ids=CAUSES)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_failure_is_never_passed_off_as_success(host, shape, cause):
    workflow, result = run(host, shape, cause.make)
    assert cause.is_told_by(result), (result.errors, result.handled)
    assert nothing_missing_was_fed()
    cancels = cause is CAUSES["its own cancellation"]
    if shape.degraded is not NEVER and (shape.around or not cancels):
        assert_handled(result, cause, shape)
    else:
        assert_not_handled(result, {"failed", "cancelled"} if cancels else {"failed"})
        if shape.degraded is NEVER:
            nothing_ran_below(workflow, result)


def assert_handled(result: WorkflowResult, cause: Cause, shape: Shape) -> None:
    assert result.state == "succeeded_degraded", result.errors
    assert not result.errors
    assert plain(result.output) == shape.degraded
    assert all(isinstance(error, NodeError) for error in result.handled)


def assert_not_handled(result: WorkflowResult, states: set[str]) -> None:
    assert result.state in states
    assert not result.is_success()
    assert result.errors
    with pytest.raises(WorkflowError) as caught:
        result.raise_for_failure()
    assert caught.value is result.error


def nothing_ran_below(workflow: Workflow, result: WorkflowResult) -> None:
    ran = {node.id for node in result.nodes if node.state == "succeeded"}
    assert not ran & below(workflow)
    assert not set(result.outputs) & below(workflow)
