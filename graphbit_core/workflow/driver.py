"""Runs one workflow: asks the kernel what is ready, runs the bodies, settles them in batches.

One coroutine does everything, on one thread. Two things reach it from elsewhere, both through
``loop.call_soon_threadsafe``: what a plain function on a worker thread gave, and events that a body
emits from another thread. Every settlement passes through ``_settle``.
"""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from graphbit_core.errors import BudgetExceededError, DeadlineError, InternalError
from graphbit_core.kernel import Run
from graphbit_core.types.events import Event
from graphbit_core.workflow.activation import Activation
from graphbit_core.workflow.bodies import Bodies
from graphbit_core.workflow.failures import Failures
from graphbit_core.workflow.frames import COMPENSATION_GRACE, OpenFrames
from graphbit_core.workflow.limits import RunCaps
from graphbit_core.workflow.result import WorkflowResult
from graphbit_core.workflow.settlements import settlement_of
from graphbit_core.workflow.state import RunState

if TYPE_CHECKING:
    from graphbit_core.kernel.graph_data import Settlement
    from graphbit_core.workers import Outcome
    from graphbit_core.workflow.compiled import Compiled

_INLINE_SLICE = 0.005
"""Longest time, in seconds, that inline bodies may keep the event loop to themselves."""
_CANCEL_GRACE = 5.0
"""How long cancelled coroutines get to clean up, in seconds, before they are reported as abandoned."""


class Driver:
    """One run. Made for it, and thrown away after it."""

    def __init__(
        self,
        compiled: Compiled,
        inputs: Mapping[str, Any],
        services: Mapping[str, Any],
        *,
        max_concurrency: int,
        type_limits: Mapping[str, int],
        resource_limits: Mapping[str, int],
        on_error: str,
        timeout: float | None,
        seed: int,
        retries: bool = True,
        caps: RunCaps | None = None,
        publish: Callable[[Event], None] | None = None,
    ) -> None:
        self._compiled = compiled
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._timeout = timeout
        self._publish = publish
        self._retries = retries
        self._caps = caps
        self._run = Run(
            compiled.plan,
            max_concurrency=max_concurrency,
            type_limits=dict(type_limits),
            resource_limits=dict(resource_limits),
            on_error=on_error,
            deadline=self._deadline,
            seed=seed,
            record_events=publish is not None,
        )
        self._state = RunState(
            compiled,
            self._run,
            inputs,
            services,
            run_id=uuid.uuid4().hex,
            seed=seed,
            deadline=self._deadline,
            emit=self._emit if publish is not None else None,
        )
        self._bodies = Bodies(self._ended)
        self._frames = OpenFrames(self._state, self._bodies.close)
        self._failures = Failures(self._frames)
        self._nested = len(compiled.scopes) > 1
        self._settled: list[Settlement] = []
        self._running: dict[int, Activation] = {}
        """What was started and has not been settled, by the kernel's number."""
        self._started = 0
        self._output_bytes = 0
        self._thread = 0
        self._halted = False
        """Whether the run has stopped itself, at its deadline or at a cap."""
        self._over = False
        self._epoch = 0.0

    # --- the run -------------------------------------------------------------------------------

    async def run(self) -> WorkflowResult:
        """Runs to the end. Cancelling it cancels the run and what it started, then raises."""
        self._bodies.attach(asyncio.get_running_loop())
        self._thread = threading.get_ident()
        started = time.monotonic()
        self._epoch = time.time() - started
        try:
            self._run.start(started)
            await self._until_settled()
        except GeneratorExit:  # thrown away, maybe with its loop: nothing can be awaited any more
            self._over = True
            if not self._bodies.loop.is_closed():
                self._cancel("cancelled")
            raise
        except BaseException:
            self._cancel("cancelled")
            await self._compensate()
            await self._finish()
            raise
        await self._finish()
        return self._result(time.monotonic() - started)

    async def _until_settled(self) -> None:
        while True:
            slice_end = time.monotonic() + _INLINE_SLICE
            while self._advance():
                if time.monotonic() > slice_end:
                    await asyncio.sleep(0)
                    slice_end = time.monotonic() + _INLINE_SLICE
            if self._run.status() is not None:
                return
            await self._bodies.wait(self._run.next_timer(), self._deadline)

    def _advance(self) -> bool:
        """Settles what has ended and starts what may start. Whether more may be possible at once."""
        now = time.monotonic()
        if self._deadline is not None and now >= self._deadline:
            self._expire()
        settled = self._settle(now)
        ready = self._run.take(now)
        if self._nested:
            for number, opener, index, outcome in self._run.ended_frames():
                self._frames.ended(number, opener, index, outcome)
        for number, reason in self._run.to_cancel():
            self._stop(number, reason)
        self._drain_events()
        begun = [self._begin(*taken, now) for taken in ready]
        if self._caps is not None:
            self._exceeds("nodes", self._started)
        for activation in begun:
            if not activation.ended:  # neither a cap nor one of those before it has ended the run
                self._bodies.start(activation, *self._frames.call(activation))
        return bool(ready or settled or self._settled)

    def _settle(self, now: float) -> bool:
        """Hands the kernel what has ended: the one place through which every settlement passes."""
        settled, self._settled = self._settled, []
        for number, disposition, text in self._run.settle(settled, now):
            self._failures.decided(number, disposition, text)
        return bool(settled)

    # --- bodies --------------------------------------------------------------------------------

    def _begin(self, number: int, body: int, stage: str, attempt: int, now: float) -> Activation:
        activation = self._running[number] = self._frames.activation(number, body, stage, attempt, now)
        self._started += 1
        return activation

    def _ended(self, activation: Activation, outcome: Outcome) -> None:
        """Notes how a body ended; the kernel hears of it with the next batch."""
        if activation.ended:
            return
        value, error = outcome
        if error is None:
            try:
                settlement = settlement_of(activation, value, self._frames)
            except KeyboardInterrupt:
                raise  # the user's; the run ends, and this with it
            except BaseException as wrong:  # noqa: BLE001 - of an edge's condition or of what the body returned
                error = wrong
        activation.ended = True
        self._running.pop(activation.id, None)
        if error is None:
            self._settled.append(settlement)
            if self._caps is not None:
                self._measure(value)
        elif isinstance(error, asyncio.CancelledError):
            self._settled.append((activation.id, "cancelled", None))
        else:
            self._settled.append(self._failures.failed(activation, error, retries=self._retries))
        self._frames.account(activation)
        self._bodies.wake()

    # --- ending --------------------------------------------------------------------------------

    def _expire(self) -> None:
        if self._halted:
            self._stop_compensations()
        else:
            limit = f"the run of {self._compiled.name!r} was not done within {self._timeout} s"
            self._halt(DeadlineError(limit, phase="total", timeout=self._timeout), "deadline")

    def _halt(self, error: Exception, reason: str) -> None:
        """Stops the run, which has failed. Its compensations get some time nevertheless."""
        if self._run.status() is not None:
            return
        self._halted = True
        self._deadline = time.monotonic() + COMPENSATION_GRACE
        self._state.root.errors.append(error)
        self._cancel(reason)

    def _exceeds(self, cap: str, used: int) -> bool:
        limit = getattr(self._caps, cap)
        if limit is None or used <= limit:
            return False
        if not self._halted:
            message = (
                f"the run of {self._compiled.name!r} passed its cap of {limit} {cap}; raise it, or do less"
            )
            self._halt(BudgetExceededError(message, cap=cap, limit=limit, used=used), "budget")
        return True

    def _measure(self, value: Any) -> None:
        if isinstance(value, str | bytes):
            self._output_bytes += len(
                value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
            )
        self._exceeds("output_bytes", self._output_bytes)
        self._exceeds("tokens", self._state.tokens)

    def _cancel(self, reason: str) -> None:
        now = time.monotonic()
        self._settle(now)  # what has ended by itself is not cancelled
        for number in self._run.cancel(reason, now):
            self._stop(number, "stopped")

    def _stop(self, number: int, reason: str) -> None:
        """Settles a running body now, whatever it does next.

        A coroutine is cancelled; a plain function cannot be, so the run goes on without it.
        """
        activation = self._running.pop(number, None) or self._frames.opener(number)
        if activation is None:
            raise InternalError(f"the kernel asked to stop {number}, which does not run")
        activation.ended = True
        self._frames.account(activation)
        self._bodies.stop(activation)
        if reason == "stopped":
            self._settled.append((number, "cancelled", None))
        else:
            overdue = self._failures.overdue(activation, reason)
            self._settled.append(self._failures.failed(activation, overdue, retries=self._retries))
        self._bodies.wake()

    async def _compensate(self) -> None:
        """After a cancellation from outside, lets compensations run; a second one ends them too."""
        if self._run.status() is None:
            with suppress(TimeoutError, asyncio.CancelledError):
                await asyncio.wait_for(self._until_settled(), COMPENSATION_GRACE)
            self._stop_compensations()

    def _stop_compensations(self) -> None:
        """Their time is over, too. Those that follow are stopped as soon as they have begun."""
        for number in [number for number, one in self._running.items() if one.stage == "compensate"]:
            self._stop(number, "stopped")

    async def _finish(self) -> None:
        """Leaves no task and no stream behind; what ignores its cancellation is reported, not waited for."""
        self._frames.close_all((self._run.status() or "").startswith("succeeded"))
        try:
            await self._bodies.reap(_CANCEL_GRACE)
        finally:
            self._settle(time.monotonic())
            self._over = True
            self._drain_events()

    def _result(self, seconds: float) -> WorkflowResult:
        status = self._run.status()
        assert status is not None, "the kernel said that everything is settled"
        state, root = self._state, self._state.root
        try:
            variables = state.variables()
        except ValueError as error:  # a reducer refused what was written
            root.errors.append(error)
            variables = dict(state.inputs)
        errors = tuple(root.errors)
        self._failures.tell_each_other(errors)
        produced = [node for node in range(len(root.scope.nodes)) if root.has_output(node)]
        ids = root.scope.ids
        return WorkflowResult(
            run_id=state.run_id,
            state="failed" if errors and status != "failed" else status,
            nodes=state.reports(),
            outputs={ids[node]: root.output(node) for node in produced},
            variables=variables,
            errors=errors,
            handled=tuple(root.handled),
            seconds=seconds,
            abandoned=sorted(activation.path for activation in self._bodies.left),
            sinks=[ids[node] for node in root.scope.sinks],
        )

    # --- events --------------------------------------------------------------------------------

    def _emit(self, type: str, activation: Activation, data: Mapping[str, Any]) -> None:  # noqa: A002
        """Adds an event of a body; from any thread. After the run it does nothing."""
        if self._over:
            return
        if threading.get_ident() != self._thread:
            with suppress(RuntimeError):  # the run has ended just now, and its loop with it
                self._bodies.loop.call_soon_threadsafe(self._emit, type, activation, data)
            return
        self._drain_events()
        self._send(self._run.take_seq(), time.monotonic(), type, activation.path, activation.attempt, data)

    def _drain_events(self) -> None:
        if self._publish is None:
            return
        for seq, now, type_, _, path, attempt, data in self._run.events():
            self._send(seq, now, type_, path, attempt, data)

    def _send(
        self, seq: int, now: float, type_: str, path: str | None, attempt: int, data: Mapping[str, Any]
    ) -> None:
        assert self._publish is not None
        run_id = self._state.run_id
        node = None if path is None else path.rpartition("/")[2]
        activation = None if path is None else f"{run_id}/{path}"
        event = Event(
            run_id, seq, self._epoch + now, type_, node, activation, data, attempt=attempt, trace_id=run_id
        )
        self._publish(event)
