"""Time that passes at once: an event loop whose clock jumps to the next timer when nothing else is to do."""

from __future__ import annotations

import asyncio
import datetime
import math
import selectors
import sys
import threading
import time
import traceback
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar, TypeVarTuple

from graphbit_core.clock import Clock
from graphbit_core.workers import __file__ as workers_file

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Together = Callable[[float | None], float | None]
"""Lets the time of another clock pass, at most so far; gives how much did, None if nothing waits for it."""
_SLICE = 0.05
"""Most real seconds between two looks at what holds the clock."""
_START = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)


class FakeClock(Clock):
    """Runs workflows with delays, back-offs, time-outs and deadlines of hours in milliseconds.

    What runs within ``run`` sees this clock: ``asyncio.sleep`` and ``asyncio.timeout``; the driver with
    delays, retries, time-outs, deadlines, ``result.seconds`` and the times of events; ``context.now()`` and
    ``context.remaining()``. ``time.monotonic`` and ``time.sleep`` are the machine's as ever.

    The clock stands still while anything can run. When nothing can, it jumps to the next timer. It does not
    jump while real work is under way for the loop: a plain function on a worker thread, a child process,
    ``run_in_executor``, a call of the kernel's HTTP engine. Such work takes no time of this clock, but what
    it spends with ``advance``. Sockets that asyncio itself holds open are not waited for: whether anything
    will come over them cannot be known.

    Example:
        A node that asks every minute until a job is done, within an hour::

            def test_the_job_is_given_up_after_an_hour():
                clock = FakeClock()
                workflow = Workflow("w")
                workflow.add_node(Node("poll_job", "wait", every=60, timeout=3600))
                result = clock.run(Executor(host=host, timeout_seconds=None).run_async(workflow))
                assert clock.now == 3600
                assert isinstance(result.errors[0].__cause__, DeadlineError)

    Args:
        start: The wall time at which it begins, by default the first moment of 2030 in UTC.
        patience: Real seconds that it waits for real work, or for anything at all when no timer is set,
            before it says what it waits for.
    """

    def __init__(self, start: datetime.datetime = _START, *, patience: float = 30.0) -> None:
        self._start = start.timestamp()
        self._patience = patience
        # Near the machine's clock and above it: what compares a deadline with that finds it in the future.
        self._origin = float(math.ceil(time.monotonic()))
        self._elapsed = 0.0
        self._working: set[Any] = set()
        self._sleeping: set[threading.Event] = set()
        self._watched: set[Any] = set()
        self._with: list[Together] = []
        self._loop: _Loop | None = None

    @property
    def now(self) -> float:
        """Seconds since it was made, to the microsecond."""
        return round(self._elapsed, 6)

    def monotonic(self) -> float:
        """The time of the loop, on which deadlines are."""
        return self._origin + self._elapsed

    def wall(self) -> float:
        """The wall time, in seconds since 1970."""
        return self._start + self._elapsed

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Runs a coroutine to its end on a loop of this clock, and gives what it returns.

        Raises:
            RuntimeError: An event loop runs in this thread already, or the clock stood still for longer than
                its patience.
        """
        with asyncio.Runner(loop_factory=self.new_event_loop) as runner:
            return runner.run(main)

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        """A loop on this clock, for runners that take a loop factory; one at a time."""
        self._loop = _Loop(self)
        return self._loop

    def advance(self, seconds: float) -> None:
        """Lets time pass where it is called, as ``time.sleep`` would: a plain function takes ``seconds``.

        On a worker thread it returns when the loop has got there; timers go off on the way. In a coroutine,
        as in ``inline`` functions, it holds up the loop; to let others run there, await ``asyncio.sleep``.

        Raises:
            ValueError: ``seconds`` is below 0, or no number.
        """
        if not seconds >= 0:
            raise ValueError(f"seconds is {seconds!r}; time goes forward, so give a number from 0")
        loop = self._loop
        if loop is None or loop.is_closed() or loop.thread in (None, threading.get_ident()):
            self._elapsed += seconds
            return
        there = threading.Event()
        try:
            with suppress(RuntimeError):  # the run has ended just now, and its loop with it
                loop.call_soon_threadsafe(self._sleep, loop, seconds, there)
            while not there.wait(_SLICE) and not loop.is_closed():
                pass
        finally:
            self._sleeping.discard(there)

    def began(self, work: Any) -> None:
        """Real work for the loop begins; the clock does not jump before it has ended."""
        self._working.add(work)

    def ended(self, work: Any) -> None:
        """It has ended, and the loop was told."""
        self._working.discard(work)

    @property
    def held(self) -> bool:
        """Whether real work is under way that is not waiting for this clock itself."""
        return not self.free or (bool(self._watched) and not self._with)

    @property
    def free(self) -> bool:
        """Whether no thread works, but for those that wait for this clock."""
        return len(self._working) <= len(self._sleeping)

    @contextmanager
    def together_with(self, other: Together) -> Iterator[None]:
        """Has another clock, that of a FakeKernel, go with this one."""
        self._with.append(other)
        try:
            yield
        finally:
            self._with.remove(other)

    def _others(self, limit: float | None) -> float | None:
        """Lets the others go on, at most so far; how far they came, None if they stand."""
        for other in self._with:
            if (passed := other(limit)) is not None:
                return passed
        return None

    def _sleep(self, loop: _Loop, seconds: float, there: threading.Event) -> None:
        def wake() -> None:
            self._sleeping.discard(there)
            there.set()

        self._sleeping.add(there)
        loop.call_later(seconds, wake)

    def _pass(self, seconds: float) -> None:
        self._elapsed += seconds

    def _stuck(self) -> RuntimeError:
        waits = [
            f"{len(of)} {what}"
            for of, what in ((self._working, "functions on threads"), (self._watched, "descriptors"))
            if of
        ]
        why = f"it waits for {' and '.join(waits)}" if waits else "nothing is left that could happen"
        error = RuntimeError(
            f"the fake clock has stood at {self.now} s for {self._patience} real seconds, because {why}"
        )
        for frame in sys._current_frames().values() if waits else ():
            stack = traceback.format_stack(frame)
            if any(f'"{workers_file}"' in line and "self.function" in line for line in stack):
                error.add_note("A function on a thread is here:\n" + "".join(stack))
        return error


class _Loop(asyncio.SelectorEventLoop):
    """An event loop on a FakeClock."""

    def __init__(self, clock: FakeClock) -> None:
        self.graphbit_clock = clock
        self.thread: int | None = None
        super().__init__(_Selector(clock))

    def time(self) -> float:
        return self.graphbit_clock.monotonic()

    def run_forever(self) -> None:
        self.thread = threading.get_ident()
        try:
            super().run_forever()
        finally:
            self.thread = None

    def run_in_executor(self, executor: Any, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        future = super().run_in_executor(executor, func, *args)
        self.graphbit_clock.began(future)
        future.add_done_callback(self.graphbit_clock.ended)
        return future

    async def shutdown_default_executor(self, *args: Any, **kwargs: Any) -> None:
        """Its threads end in real time."""
        self.graphbit_clock.began(self)
        try:
            await super().shutdown_default_executor(*args, **kwargs)
        finally:
            self.graphbit_clock.ended(self)

    def add_reader(self, fd: Any, callback: Callable[[*Ts], Any], *args: *Ts) -> None:
        """The kernel's calls are awaited by it; the transports of asyncio go another way."""
        super().add_reader(fd, callback, *args)
        self.graphbit_clock._watched.add(fd)

    def remove_reader(self, fd: Any) -> bool:
        self.graphbit_clock._watched.discard(fd)
        return super().remove_reader(fd)


class _Selector(selectors.DefaultSelector):
    """Where the loop would wait, the clock jumps."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock
        self._gave_up = False
        """Whether it has said that the clock stands; what is to be cleaned up then is not held again."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return super().select(0)
        clock, began, look = self._clock, time.monotonic(), 0.0
        while True:
            # Asked before the descriptors are looked at: work that has ended has told the loop before.
            free, held = clock.free, clock.held and not self._gave_up
            if ready := super().select(look):
                return ready
            if free and (passed := clock._others(timeout)) is not None:
                clock._pass(passed)
                if (ready := super().select(0)) or passed:
                    return ready  # else what came to the other is for a thread that waits for this clock
            if timeout is not None and not held:
                clock._pass(timeout)
                return []
            look = min(max(2 * look, 0.001), _SLICE)
            if time.monotonic() - began > clock._patience:
                self._gave_up = True
                raise clock._stuck()
