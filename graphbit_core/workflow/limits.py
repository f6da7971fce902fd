"""What an executor allows: numbers with names, checked once, and the presets."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, TypedDict

from graphbit_core.errors import ValidationError
from graphbit_core.nearest import nearest

DEFAULT_TYPE_LIMITS: Mapping[str, int] = MappingProxyType({"agent": 20, "http_request": 50, "transform": 30})
"""How many nodes of a type run at once, unless the executor is told otherwise."""
DEFAULT_QUEUED_RUNS = 100
"""How many runs wait where ``max_runs`` is set and ``max_queued_runs`` is not."""
_WORKING_TYPES = ("agent", "document_loader", "http_request", "retrieve", "tool", "transform")
_ON_ERROR = ("fail_fast", "drain", "continue")
_WHEN_FULL = ("shed", "wait")


@dataclass(frozen=True, slots=True)
class RunCaps:
    """What one run may use up; None: as much as it likes. At least 1 each; seconds and usd above 0.

    A run that reaches a cap is stopped with a BudgetExceededError, as a failure of the run.

    Attributes:
        nodes: Bodies started, retries and the bodies of maps and loops included.
        tool_rounds: Rounds of tool calls, all agents together.
        llm_calls: Calls of models by agents; retries below them do not count.
        tokens: Tokens, input and output, as models report them.
        usd: US dollars for model calls of agents and vectors of queries, by the registry's prices or as APIs
            report them. A call whose price nobody knows fails its node.
        output_bytes: Size of all outputs together.
        seconds: Wall time.
    """

    nodes: int | None = None
    tool_rounds: int | None = None
    llm_calls: int | None = None
    tokens: int | None = None
    usd: float | None = None
    output_bytes: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        for cap in fields(self):
            value = getattr(self, cap.name)
            if value is not None:
                whole = cap.name not in ("seconds", "usd")
                _require_number(f"the cap {cap.name}", cap.name, value, whole=whole)


class LimitOptions(TypedDict, total=False):
    """Keywords of ``Executor`` that limit what it does; ``Limits`` says what each means."""

    timeout_seconds: float | None
    max_concurrency: int
    type_limits: Mapping[str, int] | None
    resource_limits: Mapping[str, int] | None
    on_error: str
    retries: bool
    seed: int | None
    caps: RunCaps | None
    max_runs: int | None
    max_queued_runs: int | None
    when_full: str


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of an executor.

    Attributes:
        timeout_seconds: Longest time of a run, and of its wait in the queue; None: no limit.
        max_concurrency: How many nodes of a run may run at once.
        type_limits: The same per node type; put over the defaults.
        resource_limits: The same per resource that nodes name.
        on_error: ``fail_fast``, ``drain`` or ``continue``.
        retries: Whether nodes are tried again as their ``retry`` says; False: never.
        seed: From it the length of back-offs is drawn; None: another one for each run.
        caps: What one run may use up.
        max_runs: How many runs go on at once; None: no limit.
        max_queued_runs: How many more may wait for their turn; None: 100.
        when_full: What becomes of a run past that: ``shed`` or ``wait``.
    """

    timeout_seconds: float | None = 300.0
    max_concurrency: int = 100
    type_limits: Mapping[str, int] = field(default_factory=dict)
    resource_limits: Mapping[str, int] = field(default_factory=dict)
    on_error: str = "fail_fast"
    retries: bool = True
    seed: int | None = None
    caps: RunCaps | None = None
    max_runs: int | None = None
    max_queued_runs: int | None = None
    when_full: str = "shed"

    @property
    def queue_bound(self) -> int | None:
        """How many runs may wait; None: any number."""
        if self.when_full == "wait":
            return None
        return DEFAULT_QUEUED_RUNS if self.max_queued_runs is None else self.max_queued_runs


def limits_from(options: Mapping[str, Any]) -> Limits:
    """The limits of an executor that was given ``options``.

    Raises:
        TypeError: An option does not exist; the message names the nearest one.
        ValidationError: A value is wrong.
    """
    names = [one.name for one in fields(Limits)]
    for name in options:
        if name not in names:
            raise TypeError(f"Executor takes no option {name!r}{nearest(name, names)}")
    given = dict(options)
    given["type_limits"] = MappingProxyType({**DEFAULT_TYPE_LIMITS, **(options.get("type_limits") or {})})
    given["resource_limits"] = MappingProxyType(dict(options.get("resource_limits") or {}))
    limits = Limits(**given)
    _check(limits)
    return limits


def _check(limits: Limits) -> None:
    timeout = limits.timeout_seconds
    if timeout is not None and not timeout > 0:
        problem = f"timeout_seconds is {timeout}; give seconds above 0, or None"
        raise ValidationError(problem, field="timeout_seconds")
    counts = {"max_concurrency": limits.max_concurrency, **limits.type_limits, **limits.resource_limits}
    if limits.max_runs is not None:
        counts["max_runs"] = limits.max_runs
    for name, count in counts.items():
        _require_number(f"the limit {name}", name, count)
    _check_queue(limits)
    for name, value, known in (
        ("on_error", limits.on_error, _ON_ERROR),
        ("when_full", limits.when_full, _WHEN_FULL),
    ):
        if value not in known:
            raise ValidationError(f"{name} is {value!r}; it is one of {', '.join(known)}", field=name)


def _check_queue(limits: Limits) -> None:
    bound = limits.max_queued_runs
    if bound is None:
        return
    _require_number("the limit max_queued_runs", "max_queued_runs", bound, least=0)
    if limits.max_runs is None or limits.when_full == "wait":
        why = "when_full='wait' has no bound" if limits.max_runs else "without max_runs no run ever waits"
        raise ValidationError(f"max_queued_runs has no effect: {why}; leave it out", field="max_queued_runs")


def _require_number(what: str, name: str, value: object, *, whole: bool = True, least: int = 1) -> None:
    """A whole number is at least ``least``, any other above 0."""
    kinds = int if whole else int | float
    right = isinstance(value, kinds) and not isinstance(value, bool)
    if not right or not (value >= least if whole else value > 0):  # type: ignore[operator]
        bound = f"a whole number, at least {least}" if whole else "a number above 0"
        raise ValidationError(f"{what} is {value!r}; it must be {bound}", field=name)


def high_throughput() -> LimitOptions:
    """4 nodes per core of each type that does work."""
    each = 4 * _cores()
    return {"max_concurrency": each * len(_WORKING_TYPES), "type_limits": dict.fromkeys(_WORKING_TYPES, each)}


def low_latency() -> LimitOptions:
    """30 seconds, and no node is tried again."""
    return {"timeout_seconds": 30.0, "retries": False}


def memory_optimized() -> LimitOptions:
    """2 nodes per core."""
    return {"max_concurrency": 2 * _cores()}


def sequential() -> LimitOptions:
    """One node at a time."""
    return {"max_concurrency": 1}


def _cores() -> int:
    return os.cpu_count() or 1
