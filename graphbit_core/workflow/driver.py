"""Runs one workflow: asks the kernel what is ready, runs the bodies, settles them in batches.

One coroutine does everything, on one thread. Two things reach it from elsewhere, both through
``loop.call_soon_threadsafe``: what a plain function on a worker thread gave, and events that a body
emits from another thread. Every settlement passes through ``_settle``.
"""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from graphbit_core.clock import clock
from graphbit_core.errors import BudgetExceededError, DeadlineError, InternalError, ValidationError
from graphbit_core.kernel import Run
from graphbit_core.workflow.activation import Activation
from graphbit_core.workflow.bodies import Bodies
from graphbit_core.workflow.failures import Failures
from graphbit_core.workflow.frames import OpenFrames
from graphbit_core.workflow.limits import RunCaps
from graphbit_core.workflow.result import WorkflowResult
from graphbit_core.workflow.settlements import settlement_of
from graphbit_core.workflow.spending import Spending
from graphbit_core.workflow.state import RunState
from graphbit_core.workflow.telling import Telling

if TYPE_CHECKING:
    from graphbit_core.kernel.graph_data import Settlement
    from graphbit_core.workers import Outcome
    from graphbit_core.workflow.compiled import Compiled
    from graphbit_core.workflow.publishing import Publisher

_INLINE_SLICE = 0.005
"""Longest time, in seconds, that inline bodies may keep the event loop to themselves."""
_CANCEL_GRACE = 5.0
"""How long cancelled coroutines get to clean up, in seconds, before they are reported as abandoned."""
_COMPENSATION_GRACE = 30.0
"""How long compensations of a cancelled run may take, in seconds, all together."""
LONGEST_END = _COMPENSATION_GRACE + _CANCEL_GRACE + 1.0
"""A run that was cancelled has ended after so many seconds, unless a body blocks its event loop."""


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
        publisher: Publisher | None = None,
    ) -> None:
        self._compiled = compiled
        self._cap = None if caps is None else caps.seconds
        if self._cap is not None:
            timeout = self._cap if timeout is None else min(timeout, self._cap)
        self._now = clock().monotonic
        self._deadline = None if timeout is None else self._now() + timeout
        self._timeout = timeout
        self._retries = retries
        self._run = Run(
            compiled.plan,
            max_concurrency=max_concurrency,
            type_limits=dict(type_limits),
            resource_limits=dict(resource_limits),
            on_error=on_error,
            deadline=self._deadline,
            seed=seed,
            record_events=publisher is not None,
        )
        self._state = RunState(
            compiled, self._run, inputs, services, run_id=uuid.uuid4().hex, seed=seed, deadline=self._deadline
        )
        self._telling: Telling | None = None
        if publisher is not None:
            self._telling = Telling(self._run, self._state, publisher)
            self._state.listened(self._telling.emit, streaming=publisher.streaming)
        if caps is not None:
            self._state.spending = Spending(caps, self._from_anywhere)
        self._bodies = Bodies(self._ended, self._now)
        self._frames = OpenFrames(self._state, self._bodies.close)
        self._failures = Failures(self._frames)
        self._nested = len(compiled.scopes) > 1
        self._settled: list[Settlement] = []
        self._running: dict[int, Activation] = {}
        """What was started and has not been settled, by the kernel's number."""
        self._started = 0
        self._again = 0
        self._thread = 0
        self._expired = False
        self._over = False
        self._reason: str | None = None
        self._undo_until: float | None = None
        """When compensations have to be done; None while nothing has cancelled the run."""
        self._undo_over = False

    @property
    def run_id(self) -> str:
        """Id of the run."""
        return self._state.run_id

    @property
    def workflow(self) -> str:
        """Name of what it runs."""
        return self._compiled.name

    # --- the run -------------------------------------------------------------------------------

    async def run(self) -> WorkflowResult:
        """Runs to the end. Cancelling it cancels the run and what it started, then raises."""
        self._bodies.attach(asyncio.get_running_loop())
        self._thread = threading.get_ident()
        started = self._now()
        if self._telling is not None:
            self._telling.begin(self._bodies.loop, started)
        try:
            self._run.start(started)
            await self._until_settled()
        except GeneratorExit:  # thrown away, maybe with its event loop: nothing can be awaited any more
            self._over = True
            if not self._bodies.loop.is_closed():
                self._cancel("cancelled")
            raise
        except BaseException:
            self._cancel("cancelled")
            await self._compensate()
            raise
        finally:
            if not self._over:
                await self._reap()
                self._over = True
                if self._telling is not None:
                    self._telling.end()
        return self._result(self._now() - started)

    async def _until_settled(self) -> None:
        while True:
            now = self._now()
            slice_end = now + _INLINE_SLICE
            while self._advance(now):
                now = self._now()
                if now > slice_end:
                    await asyncio.sleep(0)
                    slice_end = now + _INLINE_SLICE
            if self._run.status() is not None:
                return
            deadline = None if self._expired else self._deadline
            undo_until = None if self._undo_over else self._undo_until
            await self._bodies.wait(self._run.next_timer(), deadline, undo_until)

    def _advance(self, now: float) -> bool:
        """Settles what has ended and starts what may start. Whether more may be possible at once."""
        if self._deadline is not None and now >= self._deadline and not self._expired:
            self._expire()
        if self._undo_until is not None and now >= self._undo_until and not self._undo_over:
            self._give_up_undoing()
        settled = self._settle(now)
        ready = self._run.take(now)
        if self._nested:
            for number, opener, index, outcome in self._run.ended_frames():
                self._frames.ended(number, opener, index, outcome)
        for number, reason in self._run.to_cancel():
            self._stop(number, reason)
        self._tell()
        for activation in [self._begin(*taken, now) for taken in ready]:
            self._start(activation)
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
        if attempt > 1 and stage == "run":
            self._again += 1
        if stage == "compensate":  # what limited the node is over
            activation.deadline = self._deadline if self._undo_until is None else self._undo_until
            if self._undo_over:
                self._ended(activation, (None, _undone_too_late()))
        return activation

    def _start(self, activation: Activation) -> None:
        with suppress(BudgetExceededError):  # which stops the run, and this activation with it
            self._state.spend("nodes", 1)
        if not activation.ended:  # none of those before it has ended the run
            self._bodies.start(activation, *self._frames.call(activation))

    def _ended(self, activation: Activation, outcome: Outcome) -> None:
        """Notes how a body ended; the kernel hears of it with the next batch."""
        if activation.ended:
            return
        value, error = outcome
        if error is None:
            try:
                settlement = settlement_of(activation, value, self._frames)
            except KeyboardInterrupt:
                raise  # the user's; this body still counts as running, and is stopped with the others
            except BaseException as wrong:  # noqa: BLE001 - an edge's condition or what the body returned; fails the node
                error = wrong
        activation.ended = True
        self._running.pop(activation.id, None)
        if error is None:
            self._settled.append(settlement)
            if self._state.spending is not None:
                self._measure(value)
        elif isinstance(error, asyncio.CancelledError) and activation.stage != "compensate":
            self._settled.append(self._failures.cancelled(activation, error))
        else:
            self._settled.append(self._failures.failed(activation, error, retries=self._retries))
        self._frames.account(activation)
        self._bodies.wake()

    # --- ending --------------------------------------------------------------------------------

    def drain(self) -> None:
        """Lets what runs end, and begins nothing more; on the thread of the run."""
        if not self._over:
            now = self._now()
            self._settle(now)
            self._reason = "drained"
            self._run.drain("drained", now)
            self._bodies.wake()

    def break_off(self) -> None:
        """Ends a run that was drained for long enough, and one that is part of it."""
        if not self._over:
            self._reason = "drained"
            self._cancel("drained")
            self._bodies.wake()

    def _expire(self) -> None:
        self._expired = True
        if self._run.status() is None:
            limit = f"the run of {self._compiled.name!r} was not done within {self._timeout} s"
            capped = self._timeout == self._cap
            self._state.root.errors.append(
                BudgetExceededError(limit, cap="seconds", limit=self._cap, used=self._cap)
                if capped
                else DeadlineError(limit, phase="total", timeout=self._timeout)
            )
            self._cancel("budget" if capped else "deadline")

    def _over_budget(self, error: BudgetExceededError) -> None:
        if not self._expired and self._run.status() is None:
            self._expired = True
            self._state.root.errors.append(error)
            if self._telling is not None:
                data = {"cap": error.cap, "limit": error.limit, "used": error.used}
                self._telling.tell("budget.exceeded", None, 1, data)
            self._cancel("budget")
            self._bodies.wake()

    def _from_anywhere(self, error: BudgetExceededError) -> None:
        if threading.get_ident() == self._thread:
            self._over_budget(error)
            return
        with suppress(RuntimeError):  # the run has ended just now, and its loop with it
            self._bodies.loop.call_soon_threadsafe(self._over_budget, error)

    def _measure(self, value: Any) -> None:
        with suppress(BudgetExceededError):
            self._state.spend("output_bytes", _size(value))

    def _cancel(self, reason: str) -> None:
        now = self._now()
        if self._undo_until is None:
            self._undo_until = now + _COMPENSATION_GRACE
        self._settle(now)  # what has ended by itself is not cancelled
        for number in self._run.cancel(reason, now):
            running = self._running.get(number)
            if running is None or running.stage != "compensate":  # those get their time
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
        with suppress(asyncio.CancelledError):
            await self._until_settled()
        if self._run.status() is None:
            self._give_up_undoing()
        while self._run.status() is None and self._advance(self._now()):
            pass

    def _give_up_undoing(self) -> None:
        self._undo_over = True
        for activation in list(self._running.values()):
            if activation.stage == "compensate":
                self._bodies.stop(activation)
                self._ended(activation, (None, _undone_too_late()))

    async def _reap(self) -> None:
        """Leaves no task behind; one that ignores its cancellation is reported, not waited for."""
        self._frames.close_all((self._run.status() or "").startswith("succeeded"))
        await self._bodies.reap(_CANCEL_GRACE)
        self._settle(self._now())

    def _result(self, seconds: float) -> WorkflowResult:
        status = self._run.status()
        assert status is not None, "the kernel said that everything is settled"
        state, root = self._state, self._state.root
        outputs = root.outputs(range(len(root.scope.nodes)))
        try:
            variables = state.variables()
        except ValidationError as error:  # a reducer refused what was written
            root.errors.append(error)
            variables = dict(state.inputs)
        if root.errors:
            status = "failed"
        elif root.cancelled and status == "succeeded":
            status = "succeeded_degraded"
        (root.handled if status == "succeeded_degraded" else root.errors).extend(root.cancelled)
        errors = tuple(root.errors)
        self._failures.tell_each_other(errors)
        ids = root.scope.ids
        return WorkflowResult(
            run_id=state.run_id,
            state=status,
            reason=self._reason if status == "cancelled" else None,
            nodes=state.reports(),
            outputs=outputs,
            variables=variables,
            errors=errors,
            handled=tuple(root.handled),
            seconds=seconds,
            nodes_run=self._started,
            retries=self._again,
            abandoned=sorted(activation.path for activation in self._bodies.left),
            sinks=[ids[node] for node in root.scope.sinks],
        )

    def _tell(self) -> None:
        if self._telling is not None:
            self._telling.catch_up()


def _undone_too_late() -> DeadlineError:
    limit = f"what it did was not undone within {_COMPENSATION_GRACE} s of the cancellation of the run"
    return DeadlineError(limit, phase="total", timeout=_COMPENSATION_GRACE)


def _size(value: Any) -> int:
    """Bytes of a text or of bytes, whatever a subclass says of itself; 0 of anything else."""
    if isinstance(value, str):
        return len(str.encode(value, "utf-8", "surrogatepass"))
    return bytes.__len__(value) if isinstance(value, bytes) else 0
