"""Runs one workflow: asks the kernel what is ready, runs the bodies, settles them in batches.

One coroutine does everything, on one thread. Two things reach it from elsewhere, both through
``loop.call_soon_threadsafe``: what a plain function on a worker thread gave, and events that a body
emits from another thread.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from graphbit_core.contracts.node_type import Choice
from graphbit_core.errors import DeadlineError, NodeError, ValidationError
from graphbit_core.kernel import Run
from graphbit_core.types.events import Event
from graphbit_core.workers import Outcome, workers
from graphbit_core.workflow.compile import Compiled
from graphbit_core.workflow.context import Activation
from graphbit_core.workflow.result import WorkflowResult
from graphbit_core.workflow.state import RunState

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
        on_error: str,
        timeout: float | None,
        publish: Callable[[Event], None] | None = None,
    ) -> None:
        self._compiled = compiled
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._publish = publish
        self._timeout = timeout
        self._run = Run(compiled.plan, max_concurrency, dict(type_limits), on_error)
        self._state = RunState(
            compiled,
            self._run,
            inputs,
            services,
            run_id=uuid.uuid4().hex,
            deadline=self._deadline,
            emit=self._emit if publish is not None else None,
        )
        self._tasks: dict[int, tuple[asyncio.Task[None], Any]] = {}
        """The task of a body, and what it awaits."""
        self._threads: set[int] = set()
        self._stopped: set[int] = set()
        self._settled: list[tuple[int, str, list[str] | None, str | None]] = []
        self._errors: list[Exception] = []
        self._thread = 0
        self._expired = False
        self._over = False
        self._epoch = 0.0

    # --- the run -------------------------------------------------------------------------------

    async def run(self) -> WorkflowResult:
        """Runs to the end. Cancelling it cancels the run and what it started, then raises."""
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._thread = threading.get_ident()
        started = time.monotonic()
        self._epoch = time.time() - started
        try:
            self._run.start(started)
            await self._until_settled()
        except BaseException:
            self._cancel("cancelled")
            raise
        finally:
            await self._reap()
            self._over = True
            self._drain_events()
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
            await self._sleep()

    def _advance(self) -> bool:
        """Settles what has ended and starts what may start. Whether more may be possible at once."""
        now = time.monotonic()
        if self._deadline is not None and now >= self._deadline and self._may_expire():
            self._expired = True
            limit = f"the run was not done within {self._timeout} s"
            self._errors.append(DeadlineError(limit, phase="total", timeout=self._timeout))
            self._cancel("deadline")
        settled, self._settled = self._settled, []
        if settled:
            for index, message in self._run.settle(settled, now):
                self._state.values.pop(index, None)
                self._record(index, NodeError(f"node {self._compiled.ids[index]!r} {message}"))
            for index in self._run.to_cancel():
                self._stop(index)
        ready = self._run.take(now)
        self._drain_events()
        for index in ready:
            self._start(index)
        return bool(ready or settled or self._settled)

    def _may_expire(self) -> bool:
        return not self._expired and self._run.status() is None

    async def _sleep(self) -> None:
        deadline = None if self._expired else self._deadline
        times = [t for t in (self._run.next_timer(), deadline) if t is not None]
        # Event loops count on time.monotonic too, from the same origin.
        timer = self._loop.call_later(min(times) - time.monotonic(), self._wake.set) if times else None
        try:
            await self._wake.wait()
        finally:
            if timer is not None:
                timer.cancel()
        self._wake.clear()

    # --- bodies --------------------------------------------------------------------------------

    def _start(self, index: int) -> None:
        body = self._compiled.bodies[index]
        activation = self._state.activations[index] = Activation(self._state, index)
        try:
            if index in self._compiled.on_loop:
                self._returned(index, (body.run(activation), None))
            else:
                self._threads.add(index)
                workers.submit(
                    lambda: body.run(activation), lambda outcome: self._from_thread(index, outcome)
                )
        except KeyboardInterrupt:
            raise  # the user's, not the body's
        except BaseException as error:  # noqa: BLE001 - becomes the node's failure
            self._threads.discard(index)
            self._ended(index, (None, error))

    def _returned(self, index: int, outcome: Outcome) -> None:
        """A function has ended; what it returned may have to be awaited."""
        value, error = outcome
        if error is not None or not _is_awaitable(value):
            self._ended(index, outcome)
        elif index in self._stopped:
            _discard(value)
        else:
            self._tasks[index] = self._loop.create_task(self._await(index, value)), value

    async def _await(self, index: int, awaitable: Any) -> None:
        try:
            outcome: Outcome = (await awaitable, None)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - as above
            outcome = (None, error)
        self._ended(index, outcome)
        self._wake.set()

    def _from_thread(self, index: int, outcome: Outcome) -> None:
        def arrive() -> None:
            self._threads.discard(index)
            self._returned(index, outcome)
            self._wake.set()

        # A closed loop means that the run ended without this body and has reported it as abandoned.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(arrive)

    def _ended(self, index: int, outcome: Outcome) -> None:
        """Notes how a body ended; the kernel hears of it with the next batch."""
        value, error = outcome
        self._tasks.pop(index, None)
        if index in self._stopped:
            return
        if isinstance(error, asyncio.CancelledError):
            self._settled.append((index, "cancelled", None, None))
        elif error is not None:
            self._fail(index, error)
        elif isinstance(value, Choice):
            self._chosen(index, value)
        else:
            self._state.values[index] = value
            self._settled.append((index, "succeeded", None, None))

    def _chosen(self, index: int, choice: Choice) -> None:
        targets = choice.targets
        if not isinstance(targets, list | tuple) or not all(isinstance(t, str) for t in targets):
            problem = f"the targets of a Choice are a list of labels or node ids, not {targets!r:.80}"
            self._fail(index, ValidationError(problem, field="targets"))
            return
        self._state.values[index] = choice.value
        self._settled.append((index, "succeeded", [_utf8(target) for target in targets], None))

    def _fail(self, index: int, error: BaseException) -> None:
        problem = _described(error)
        wrapped = NodeError(f"node {self._compiled.ids[index]!r} failed: {problem}")
        wrapped.__cause__ = error
        self._record(index, wrapped)
        self._settled.append((index, "failed", None, problem))

    def _record(self, index: int, error: NodeError) -> None:
        node = self._compiled.nodes[index]
        error.run_id, error.node, error.node_type, error.attempts = self._state.run_id, node.id, node.type, 1
        error.activation = f"{self._state.run_id}/{node.id}"
        self._state.node_errors[index] = error
        self._errors.append(error)

    # --- ending --------------------------------------------------------------------------------

    def _cancel(self, reason: str) -> None:
        for index in self._run.cancel(reason, time.monotonic()):
            self._stop(index)

    def _stop(self, index: int) -> None:
        """Settles a running body as cancelled now, whatever it does next.

        A coroutine is cancelled; a plain function cannot be, so the run goes on without it.
        """
        self._stopped.add(index)
        self._settled.append((index, "cancelled", None, None))
        if index in self._tasks:
            self._tasks[index][0].cancel()

    async def _reap(self) -> None:
        """Leaves no task behind; one that ignores its cancellation is reported, not waited for."""
        tasks = dict(self._tasks)
        if tasks:
            await asyncio.wait([task for task, _ in tasks.values()], timeout=_CANCEL_GRACE)
        for index, (task, awaitable) in tasks.items():
            if task.done():  # still noted only if it was cancelled before it began
                self._tasks.pop(index, None)
                _discard(awaitable)
        self._run.settle(self._settled, time.monotonic())
        self._settled = []

    def _result(self, seconds: float) -> WorkflowResult:
        for error in self._errors:
            if isinstance(error, NodeError):
                error.errors = tuple(self._errors)
        status = self._run.status()
        assert status is not None, "the kernel said that everything is settled"
        compiled, state = self._compiled, self._state
        produced = [i for i in range(len(compiled.ids)) if state.has_output(i)]
        return WorkflowResult(
            run_id=state.run_id,
            state="failed" if self._errors and status == "cancelled" else status,
            nodes=state.reports(),
            outputs={compiled.ids[i]: state.output(i) for i in produced},
            variables=state.fold(compiled.plan.order()),
            errors=tuple(self._errors),
            seconds=seconds,
            abandoned=[compiled.ids[i] for i in sorted(self._threads | self._tasks.keys())],
            sinks=[compiled.ids[i] for i in compiled.sinks],
        )

    # --- events --------------------------------------------------------------------------------

    def _emit(self, type: str, index: int, data: Mapping[str, Any]) -> None:  # noqa: A002
        """Adds an event of a body; from any thread. After the run it does nothing."""
        if self._over:
            return
        if threading.get_ident() != self._thread:
            with suppress(RuntimeError):  # the run has ended just now, and its loop with it
                self._loop.call_soon_threadsafe(self._emit, type, index, data)
            return
        self._drain_events()
        self._send(self._run.take_seq(), time.monotonic(), type, index, data)

    def _drain_events(self) -> None:
        if self._publish is None:
            return
        for seq, now, type_, index, data in self._run.events():
            self._send(seq, now, type_, index, data)

    def _send(self, seq: int, now: float, type_: str, index: int | None, data: Mapping[str, Any]) -> None:
        assert self._publish is not None
        node = None if index is None else self._compiled.ids[index]
        activation = None if node is None else f"{self._state.run_id}/{node}"
        ts = self._epoch + now
        event = Event(self._state.run_id, seq, ts, type_, node, activation, data, trace_id=self._state.run_id)
        self._publish(event)


def _is_awaitable(value: Any) -> bool:
    # inspect.isawaitable also knows generator-based coroutines, which are gone, and costs as much as a node.
    return hasattr(type(value), "__await__")


def _discard(awaitable: Any) -> None:
    """Ends a coroutine that nobody will await, so that Python does not complain of it."""
    if inspect.iscoroutine(awaitable):
        awaitable.close()


def _described(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception as second:  # noqa: BLE001 - an error that cannot say what it is must still be reported
        text = f"(its text cannot be had: {type(second).__name__})"
    return _utf8(f"{type(error).__name__}: {text}")


def _utf8(text: str) -> str:
    """Lone surrogates written out: the kernel takes Unicode text only."""
    return text.encode("utf-8", "backslashreplace").decode()
