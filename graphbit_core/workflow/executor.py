"""Running workflows: to the end, as a coroutine, or as a stream of events."""

from __future__ import annotations

import os
import random
import weakref
from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self, Unpack

from graphbit_core.clock import clock
from graphbit_core.errors import Finding, MissingInputError, RunShedError, ValidationError, WorkflowError
from graphbit_core.host import Host, Resources, default_host
from graphbit_core.types.subscriptions import Subscriber, Subscription, subscription
from graphbit_core.workflow import limits as presets
from graphbit_core.workflow.admission import Admission, Permit
from graphbit_core.workflow.compile import check
from graphbit_core.workflow.compiled import Compiled
from graphbit_core.workflow.context import WorkflowContext
from graphbit_core.workflow.draining import DRAIN_SECONDS, DrainedRun, GoingRuns, check_bound
from graphbit_core.workflow.driver import Driver
from graphbit_core.workflow.limits import LimitOptions, Limits, limits_from
from graphbit_core.workflow.loops import run_blocking
from graphbit_core.workflow.publishing import publisher
from graphbit_core.workflow.result import WorkflowResult
from graphbit_core.workflow.stats import ExecutorStats, RunCounter
from graphbit_core.workflow.stream import DEFAULT_KEEP, RunStream

if TYPE_CHECKING:
    from graphbit_core.llm.client import LlmClient
    from graphbit_core.workflow.workflow import Workflow


class ExecutorOptions(LimitOptions, total=False):
    """Keywords of ``Executor``."""

    host: Host | None
    services: Mapping[str, Any] | None
    subscribers: Sequence[Subscriber]


class ExecutorChanges(ExecutorOptions, total=False):
    """Keywords of ``Executor.with_options``."""

    llm: str | LlmClient | None


class Executor:
    """Runs workflows. Cheap to make, never changed except by ``drain``, and may be used from many threads and
    loops at once.

    Its limits are those of the preset ``balanced``, but for what is given here. The classmethods of the other
    presets take the same arguments, which win over the preset.

    Args:
        llm: Model of agent nodes that name none: ``provider:model`` or a client.
        host: Where node types and providers come from; default: what is installed.
        services: What bodies can ask for by name, such as ``embedder`` and ``store``.
        subscribers: Functions that are given each event of each run, on the run's thread; never block it.
            ``(function, types)`` is given only events of these types, as for ``stream``.
        timeout_seconds: Longest time of a run, and of its wait for its turn; None: no limit; default 300.
            What is not done then is cancelled; coroutines get up to 5 s to clean up, plain functions are left
            to themselves.
        max_concurrency: How many nodes of a run may run at once, at least 1; default 100.
        type_limits: The same per node type; put over agent 20, http_request 50, transform 30.
        resource_limits: The same per resource, a name that nodes give as ``resource``.
        on_error: When a node fails: ``fail_fast`` cancels the rest, ``drain`` lets what runs end,
            ``continue`` runs all that does not depend on it. The run has failed in each case.
        retries: False: no node is tried again, whatever its ``retry`` says.
        seed: From it the length of back-offs is drawn; default: another one for each run.
        caps: What one run may use up.
        max_runs: How many runs of this executor go on at once; default: any number. The others wait for their
            turn, first come, first served. A run that a body starts on the executor of its own run is part
            of that run and takes no second place.
        max_queued_runs: How many may wait, where ``max_runs`` is given; default 100.
        when_full: What becomes of one more: ``shed`` refuses it with a RunShedError before any work, ``wait``
            lets any number wait.

    Raises:
        ValidationError: A value is wrong.
    """

    def __init__(
        self,
        llm: str | LlmClient | None = None,
        *,
        host: Host | None = None,
        services: Mapping[str, Any] | None = None,
        subscribers: Sequence[Subscriber] = (),
        **limits: Unpack[LimitOptions],
    ) -> None:
        self._given: ExecutorChanges = {
            "llm": llm,
            "host": host,
            "services": services,
            "subscribers": subscribers,
            **limits,
        }
        self._preset = "custom" if limits else "balanced"
        self._limits = limits_from(limits)
        self._host = host
        self._subscribers = tuple(map(subscription, subscribers))
        own = {} if llm is None else {"llm": llm}
        self._services = MappingProxyType({**(services or {}), **own})
        self._begin_anew()
        _executors.add(self)

    def _begin_anew(self) -> None:
        limits = self._limits
        self._counter = RunCounter()
        self._going = GoingRuns()
        self._admission = Admission(
            limits.max_runs, limits.queue_bound, limits.timeout_seconds, self._counter.average_seconds
        )

    # --- presets -------------------------------------------------------------------------------

    @classmethod
    def balanced(cls, llm: str | LlmClient | None = None, **options: Unpack[ExecutorOptions]) -> Self:
        """100 nodes of a run at once; of them 20 agents, 50 http_requests, 30 transforms."""
        return cls._made("balanced", {"llm": llm, **options})

    @classmethod
    def high_throughput(cls, llm: str | LlmClient | None = None, **options: Unpack[ExecutorOptions]) -> Self:
        """4 nodes per core of each type that does work."""
        return cls._made("high_throughput", {**presets.high_throughput(), "llm": llm, **options})

    @classmethod
    def low_latency(cls, llm: str | LlmClient | None = None, **options: Unpack[ExecutorOptions]) -> Self:
        """30 seconds for a run, and no node is tried again."""
        return cls._made("low_latency", {**presets.low_latency(), "llm": llm, **options})

    @classmethod
    def memory_optimized(cls, llm: str | LlmClient | None = None, **options: Unpack[ExecutorOptions]) -> Self:
        """2 nodes per core at once."""
        return cls._made("memory_optimized", {**presets.memory_optimized(), "llm": llm, **options})

    @classmethod
    def sequential(cls, llm: str | LlmClient | None = None, **options: Unpack[ExecutorOptions]) -> Self:
        """One node at a time."""
        return cls._made("sequential", {**presets.sequential(), "llm": llm, **options})

    @classmethod
    def _made(cls, preset: str, options: ExecutorChanges) -> Self:
        executor = cls(**options)
        executor._preset = preset
        return executor

    def with_options(self, **changes: Unpack[ExecutorChanges]) -> Self:
        """Another executor like this one but for ``changes``, with a queue and statistics of its own."""
        given: ExecutorChanges = {**self._given, **changes}
        return self._made(self._preset, given)

    def __repr__(self) -> str:
        running, queued = self._admission.counts()
        return f"Executor({self._preset}, {running} runs going on, {queued} waiting)"

    @property
    def preset(self) -> str:
        """``balanced``, ``high_throughput``, ``low_latency``, ``memory_optimized`` or ``sequential``: what it
        was made from; ``custom`` if it was made with limits and without a preset.
        """
        return self._preset

    @property
    def host(self) -> Host | None:
        """Where node types and providers come from; None: what is installed."""
        return self._host

    @property
    def limits(self) -> Limits:
        """What it allows."""
        return self._limits

    # --- statistics ----------------------------------------------------------------------------

    def get_stats(self) -> ExecutorStats:
        """What this executor has done since it was made, or since ``reset_stats()``."""
        running, queued = self._admission.counts()
        return self._counter.snapshot(
            in_flight=running, queued=queued, preset=self._preset, limits=self._limits
        )

    def reset_stats(self) -> None:
        """Counts anew. Runs that go on now are counted when they end."""
        self._counter.reset()

    def validate(self, workflow: Workflow) -> list[Finding]:
        """Every fault of ``workflow``, and all that a run of it on this executor would lack: API keys,
        models, tools, files, services. Runs nothing, and sends nothing anywhere.
        """
        host = self._host or default_host()
        return check(workflow, host, resources=Resources(host, {"host": host, **self._services}))[1]

    # --- runs ----------------------------------------------------------------------------------

    def execute(
        self,
        workflow: Workflow,
        inputs: Mapping[str, Any] | None = None,
        context: WorkflowContext | None = None,
    ) -> WorkflowResult:
        """Runs ``workflow`` and waits for its end. A run that failed is returned, not raised.

        In a thread with a running event loop it blocks that loop; use ``run_async`` there.

        Args:
            workflow: What to run.
            inputs: A value for each of ``workflow.inputs``.
            context: Its variables count as inputs too; it takes up the variables of the run.

        Raises:
            ValidationError: The workflow has faults, or an argument is of the wrong type; nothing ran.
            MissingInputError: Inputs are missing; nothing ran.
            RunShedError: Too many runs wait already, or the executor was drained; nothing ran.
        """
        return run_blocking(self._run(workflow, inputs, context, None))

    async def run_async(
        self,
        workflow: Workflow,
        inputs: Mapping[str, Any] | None = None,
        context: WorkflowContext | None = None,
    ) -> WorkflowResult:
        """As ``execute``, on the running event loop. Cancelling it cancels the run."""
        return await self._run(workflow, inputs, context, None)

    def stream(
        self,
        workflow: Workflow,
        inputs: Mapping[str, Any] | None = None,
        context: WorkflowContext | None = None,
        *,
        types: Sequence[str] | None = None,
        detach: bool = False,
        keep: int | None = DEFAULT_KEEP,
    ) -> RunStream:
        """Runs ``workflow`` and gives its events as they happen, for ``for`` and for ``async for``.

        The run starts with the first event asked for. Leaving the loop early cancels it (in ``for``, when
        the iterator is closed). ``result`` holds the result after the last event.

        Args:
            workflow: What to run.
            inputs: A value for each of ``workflow.inputs``.
            context: Its variables count as inputs too; it takes up the variables of the run.
            types: Which events are wanted: types, also with ``*``, for example ``("node.*", "llm.delta")``.
                Models are asked to stream only if ``llm.delta`` is wanted, here or by a subscriber.
            detach: Whether the run goes on when its readers leave.
            keep: How many events that were read are kept for readers that come back; None: all.

        Raises:
            ValidationError: A pattern fits no type of event, or ``keep`` is negative.
        """
        start = partial(self._run, workflow, inputs, context)
        return RunStream(start, types=types, detach=detach, keep=keep)

    # --- the end -------------------------------------------------------------------------------

    def drain(self, seconds: float = DRAIN_SECONDS) -> list[DrainedRun]:
        """Ends this executor: takes no more runs, and lets those that go on end what they do.

        Runs that wait for their turn, and all that come later, are refused with a RunShedError. In runs that
        go on no further node starts, and none is tried again; what is not done in time is cancelled. A run of
        which something is left undone ends ``cancelled``, with ``drained`` as its ``reason``; what has a
        ``compensate`` is undone. Of use once: for more runs make another executor, with ``with_options()``.
        Leaving ``with Executor() as executor:`` drains it, and an exception does so at once. While it drains
        another thread may call it again, for example with 0 to hurry.

        Args:
            seconds: How long what runs may take, at least 0. Then compensations have 30 s, and coroutines 5 s
                to clean up; plain functions are left to themselves.

        Returns:
            What became of each run that went on.

        Raises:
            ValidationError: ``seconds`` is no time.
            WorkflowError: It was called by a body of one of these runs, or would block their event loop.
        """
        self._going.check_elsewhere()
        self._close(seconds)
        return self._going.drain(seconds)

    async def drain_async(self, seconds: float = DRAIN_SECONDS) -> list[DrainedRun]:
        """As ``drain``, on the running event loop. Cancelling it cancels what still runs."""
        self._close(seconds)
        return await self._going.drain_async(seconds)

    def _close(self, seconds: float) -> None:
        check_bound(seconds)
        if self._admission.nested():
            raise WorkflowError("a body cannot drain the executor of its own run: it would wait for itself")
        self._admission.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.drain(DRAIN_SECONDS if kind is None else 0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        await self.drain_async(DRAIN_SECONDS if kind is None else 0)

    # --- how a run goes ------------------------------------------------------------------------

    async def _run(
        self,
        workflow: Workflow,
        inputs: Mapping[str, Any] | None,
        context: WorkflowContext | None,
        reader: Subscription | None,
    ) -> WorkflowResult:
        host = self._host or default_host()
        _check_arguments(workflow, inputs, context)
        compiled = workflow.compile(host)
        given = {**(context.variables if context else {}), **(inputs or {})}
        _require_inputs(compiled, given)
        counter, admission, going = self._counter, self._admission, self._going  # a forked child has others
        permit = await self._admitted(admission)
        started = (now := clock().monotonic)()
        try:
            result = await going.run(self._driver(host, compiled, given, reader), nested=permit is None)
        except BaseException as error:
            counter.ended(error, now() - started, nested=permit is None)
            raise
        else:
            counter.ended(result, now() - started, nested=permit is None)
        finally:
            admission.leave(permit)
        if context is not None:
            context.take(result)
        return result

    async def _admitted(self, admission: Admission) -> Permit | None:
        try:
            return await admission.enter()
        except RunShedError:
            self._counter.shed()
            raise

    def _driver(
        self, host: Host, compiled: Compiled, given: Mapping[str, Any], reader: Subscription | None
    ) -> Driver:
        limits = self._limits
        seed = random.getrandbits(63) if limits.seed is None else limits.seed
        return Driver(
            compiled,
            given,
            {"host": host, **self._services},
            max_concurrency=limits.max_concurrency,
            type_limits=limits.type_limits,
            on_error=limits.on_error,
            timeout=limits.timeout_seconds,
            publisher=publisher(host, reader, self._subscribers),
            resource_limits=limits.resource_limits,
            seed=seed,
            retries=limits.retries,
            caps=limits.caps,
        )


def _check_arguments(workflow: Any, inputs: Any, context: Any) -> None:
    from graphbit_core.workflow.workflow import Workflow

    if not isinstance(workflow, Workflow):
        raise ValidationError(f"workflow is {workflow!r:.80}; give a Workflow", field="workflow")
    if not isinstance(inputs, Mapping | None):
        raise ValidationError(f"inputs is {inputs!r:.80}; give a mapping of names to values", field="inputs")
    if not isinstance(context, WorkflowContext | None):
        raise ValidationError(f"context is {context!r:.80}; give a WorkflowContext", field="context")


def _require_inputs(compiled: Compiled, given: Mapping[str, Any]) -> None:
    missing = [name for name in compiled.inputs if name not in given]
    if missing:
        asked = ", ".join(f"{name} (used by node {compiled.inputs[name]!r})" for name in missing)
        raise MissingInputError(
            f"the workflow {compiled.name!r} needs the inputs {asked}; "
            f"pass inputs={{{', '.join(f'{name!r}: …' for name in missing)}}}",
            missing=tuple(missing),
        )


_executors: weakref.WeakSet[Executor] = weakref.WeakSet()


def _forget() -> None:
    """In a forked child, where the runs of the parent, their queue and the holders of locks do not exist."""
    for executor in list(_executors):
        executor._begin_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
