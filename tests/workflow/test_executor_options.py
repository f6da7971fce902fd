"""Presets, and options that are checked once and never changed."""

from __future__ import annotations

import os

import pytest

from graphbit_core import Executor, GraphBitError, Node, RunCaps, ValidationError, Workflow

CORES = os.cpu_count() or 1
PRESETS = ["balanced", "high_throughput", "low_latency", "memory_optimized", "sequential"]


def test_balanced_is_the_default():
    executor, limits = Executor(), Executor.balanced().limits
    assert executor.preset == "balanced"
    assert executor.limits == limits
    assert limits.max_concurrency == 100
    assert limits.type_limits == {"agent": 20, "http_request": 50, "transform": 30}


def test_high_throughput_gives_each_type_four_per_core():
    limits = Executor.high_throughput().limits
    assert set(limits.type_limits.values()) == {4 * CORES}
    assert {"agent", "http_request", "transform"} <= set(limits.type_limits)
    assert limits.max_concurrency >= sum(limits.type_limits.values())


def test_low_latency_has_thirty_seconds_and_no_retries():
    limits = Executor.low_latency().limits
    assert (limits.timeout_seconds, limits.retries) == (30.0, False)


def test_memory_optimized_runs_two_nodes_per_core_and_sequential_one():
    assert Executor.memory_optimized().limits.max_concurrency == 2 * CORES
    assert Executor.sequential().limits.max_concurrency == 1


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_knows_its_name_and_explicit_arguments_win(name, host):
    executor = getattr(Executor, name)("a:b", host=host, timeout_seconds=7.0, max_concurrency=3)
    assert executor.preset == name
    assert (executor.limits.timeout_seconds, executor.limits.max_concurrency) == (7.0, 3)
    assert executor.host is host


def test_an_executor_made_with_limits_of_its_own_is_custom():
    assert Executor(max_concurrency=7).preset == "custom"
    assert Executor("a:b", services={"x": 1}).preset == "balanced"


def test_sequential_runs_one_body_at_a_time(host):
    going, most = [], []

    def body():
        going.append(1)
        most.append(len(going))
        going.pop()

    workflow = Workflow("w")
    for number in range(20):
        workflow.add_node(Node.transform(f"n{number}", body))
    assert Executor.sequential(host=host).execute(workflow).is_success()
    assert max(most) == 1


def test_with_options_gives_another_executor_and_leaves_this_one(host):
    first = Executor.low_latency(host=host, services={"x": 1}, type_limits={"agent": 2})
    other = first.with_options(max_concurrency=5, services={"x": 2})
    assert (first.limits.max_concurrency, other.limits.max_concurrency) == (100, 5)
    assert other.preset == "low_latency"
    assert other.limits.retries is False
    assert other.limits.type_limits["agent"] == 2
    assert other.host is host
    read = Workflow("w").chain(Node.transform("a", lambda context: context.service("x")))
    assert (first.execute(read).output, other.execute(read).output) == (1, 2)


@pytest.mark.parametrize("name", ["preset", "host", "limits"])
def test_an_executor_is_never_changed(name):
    with pytest.raises(AttributeError):
        setattr(Executor(), name, None)
    with pytest.raises(TypeError):
        Executor().limits.type_limits["agent"] = 1


def test_an_option_that_does_not_exist_is_named_with_the_nearest_one():
    with pytest.raises(TypeError, match=r"'max_concurency' \(did you mean 'max_concurrency'\?\)"):
        Executor(max_concurency=3)


WRONG = [
    {"timeout_seconds": 0},
    {"timeout_seconds": float("nan")},
    {"max_concurrency": 0},
    {"max_concurrency": 1.5},
    {"type_limits": {"agent": 0}},
    {"resource_limits": {"gpu": -1}},
    {"on_error": "ignore"},
    {"max_runs": 0},
    {"max_runs": True},
    {"max_queued_runs": 1},
    {"max_runs": 1, "max_queued_runs": -1},
    {"max_runs": 1, "max_queued_runs": 1, "when_full": "wait"},
    {"when_full": "panic"},
]


@pytest.mark.parametrize("options", WRONG, ids=repr)
def test_a_wrong_value_is_named(options):
    with pytest.raises(ValidationError) as caught:
        Executor(**options)
    named = [*options, *options.get("type_limits", ()), *options.get("resource_limits", ())]
    assert caught.value.field in named


WRONG_CAPS = [
    (cap, value)
    for cap in ("nodes", "tool_rounds", "tokens", "output_bytes", "seconds")
    for value in (0, -1, True, "3", 0.5, float("nan"))
    if (cap, value) != ("seconds", 0.5)
]


@pytest.mark.parametrize(("cap", "value"), WRONG_CAPS, ids=repr)
def test_a_cap_is_a_whole_number_at_least_one_and_seconds_are_above_none(cap, value):
    with pytest.raises(ValidationError, match=f"the cap {cap} is") as caught:
        RunCaps(**{cap: value})
    assert isinstance(caught.value, GraphBitError)
    assert RunCaps(**{cap: 1}) != RunCaps()


def test_only_seconds_may_have_a_fraction():
    assert RunCaps(seconds=1.5).seconds == 1.5
    with pytest.raises(ValidationError):
        RunCaps(tokens=1.5)
