"""Errors of runs, of what nodes call in them, and of agents' tools."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphbit_core.errors.base import GraphBitError, ResourceExhaustedError


class WorkflowError(GraphBitError):
    """A run did not do what was asked. ``errors`` holds every failure, in order of occurrence."""

    _facts: tuple[str, ...] = ("run_id", "node", "errors")
    run_id: str | None
    node: str | None
    errors: Sequence[BaseException] | None


class NodeError(WorkflowError):
    """A node failed; ``__cause__`` is what its body raised at the last attempt.

    ``attempts`` counts them, and ``earlier`` holds the errors of those before.
    """

    _facts: tuple[str, ...] = (*WorkflowError._facts, "node_type", "activation", "attempts", "earlier")
    node_type: str | None
    activation: str | None
    attempts: int | None
    earlier: Sequence[NodeError] | None


class MissingInputError(WorkflowError):
    """A run input that the workflow names was not given; ``missing`` lists all of them."""

    _facts: tuple[str, ...] = (*WorkflowError._facts, "missing")
    missing: Sequence[str] | None


class OutputNotProducedError(WorkflowError):
    """An output was asked for that no node of this run produced."""


class LoopExhaustedError(WorkflowError):
    """The condition of a loop did not hold after its last iteration; ``state`` is what that gave."""

    _facts: tuple[str, ...] = (*WorkflowError._facts, "iterations", "state")
    iterations: int | None
    state: Any


class RunShedError(WorkflowError):
    """The run was refused before any work was done, because too many runs go on or wait already, or
    because the executor was drained.

    Attributes:
        running: How many runs of the executor go on.
        queued: How many wait for their turn.
        limit: How many may wait, or, if the run had waited too long, how many may go on.
        retry_after: Seconds after which there may be room, going by the runs so far; None before the first
            one has ended.
    """

    _facts: tuple[str, ...] = (*WorkflowError._facts, "running", "queued", "limit", "retry_after")
    running: int | None
    queued: int | None
    limit: int | None
    retry_after: float | None


class BudgetExceededError(WorkflowError):
    """A run reached one of its caps (see ``RunCaps``) and was stopped, or a call did not fit into a budget.

    Attributes:
        cap: ``nodes``, ``tool_rounds``, ``llm_calls``, ``tokens``, ``usd``, ``output_bytes`` or ``seconds``;
            of a budget ``tokens``, ``usd`` or ``calls``.
        limit: The cap.
        used: What the run had used, or would have used with its next step; of a budget, what is used and
            reserved.
        asked: What the call might have used, which was not sent.
    """

    _facts: tuple[str, ...] = (*WorkflowError._facts, "cap", "limit", "used", "asked")
    cap: str | None
    limit: float | None
    used: float | None
    asked: float | None


class LeaseLostError(WorkflowError):
    """Another process took over this run; nothing was written after that."""


class ProcessError(GraphBitError):
    """A function that was called in a process of its own failed, or its process ended. This one is unharmed.

    Attributes:
        target: The function, as ``package.module:function``.
        reason: ``raised``, ``result`` (it returned what cannot travel), ``exited`` or ``killed``.
        error_type: Name of the exception's class, where it raised one.
        traceback: The exception's traceback, as text.
        status: Exit status of the process, where it exited.
        signal: What killed it, for example ``SIGSEGV``.
        printed: The end of what the function wrote to its standard output and error, at most 4 KiB.
    """

    _facts: tuple[str, ...] = ("target", "reason", "error_type", "traceback", "status", "signal", "printed")
    target: str | None
    reason: str | None
    error_type: str | None
    traceback: str | None
    status: int | None
    signal: str | None
    printed: str | None


class ToolError(GraphBitError):
    """A tool failed; ``__cause__`` is what it raised, if it did.

    A tool may raise it itself: with ``fatal=True`` the agent's node fails, otherwise the model is told.

    Attributes:
        tool: Name of the tool.
        reason: ``unknown``, ``disabled``, ``arguments``, ``refused``, ``timeout``, ``busy``, ``result`` or
            ``raised``.
        fatal: Whether the model is not to be told but the node to fail.
        retryable: Whether calling again does no harm: the tool is declared idempotent.
    """

    _facts: tuple[str, ...] = ("tool", "reason", "fatal", "retryable")
    tool: str | None
    reason: str | None
    fatal: bool | None
    retryable: bool | None


class ToolRoundsError(ResourceExhaustedError):
    """An agent still asked for tools in its last allowed model call.

    Attributes:
        limit: How many model calls were allowed; all were made.
        tool_calls: Names of the tools that were called, in order.
        partial: What the model said beside its last calls.
    """

    _facts: tuple[str, ...] = (*ResourceExhaustedError._facts, "tool_calls", "partial")
    tool_calls: Sequence[str] | None
    partial: str | None
