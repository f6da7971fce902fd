"""Which run of an executor goes on, which waits for its turn, and which is refused.

Runs come from many threads and event loops. A waiter is a future on its own loop; whoever gives a permit back
hands it to the first one in line, so that nobody overtakes and a permit is never free while somebody waits.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar

from graphbit_core.errors import RunShedError


class Permit:
    """What a run holds while it goes on. Known to all that it starts, through the context variables."""

    __slots__ = ("held", "outer", "owner")

    def __init__(self, owner: Admission, outer: Permit | None) -> None:
        self.owner = owner
        self.outer = outer
        self.held = True

    def __del__(self) -> None:
        # A run whose event loop was closed under it ends nowhere; its permit must not be lost.
        self.owner.leave(self)


_around: ContextVar[Permit | None] = ContextVar("graphbit_run_permit", default=None)


class _Waiter:
    __slots__ = ("future", "loop", "state")

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[None] = self.loop.create_future()
        self.state = "waiting"  # then "granted", and "gone" if it left the line without a permit

    def grant(self) -> None:
        if not self.future.done():
            self.future.set_result(None)

    def refuse(self, error: RunShedError) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class Admission:
    """Counts the runs of one executor, and lets no more go on than ``max_runs``.

    Args:
        max_runs: How many go on at once; None: any number.
        queue_bound: How many may wait; None: any number.
        longest_wait: Seconds after which a waiting run is refused; None: never.
        average: Seconds that a run takes, for the hint when to come again; None: not known yet.
    """

    def __init__(
        self,
        max_runs: int | None,
        queue_bound: int | None,
        longest_wait: float | None,
        average: Callable[[], float | None],
    ) -> None:
        self._max_runs = max_runs
        self._bound = queue_bound
        self._longest_wait = longest_wait
        self._average = average
        # Reentrant, because a coroutine that is collected gives back its permit, wherever that happens.
        self._lock = threading.RLock()
        self._running = 0
        self._line: deque[_Waiter] = deque()
        self._closed = False

    def counts(self) -> tuple[int, int]:
        """How many runs go on, and how many wait."""
        with self._lock:
            return self._running, len(self._line)

    def nested(self) -> bool:
        """Whether the caller is part of a run that holds a permit of this executor."""
        permit = _around.get()
        while permit is not None:
            if permit.owner is self and permit.held:
                return True
            permit = permit.outer
        return False

    async def enter(self) -> Permit | None:
        """Takes a permit, after waiting for it if need be; None for a nested run, which needs none.

        Raises:
            RunShedError: Too many wait already, or this one has waited for too long, or no more are let in.
        """
        if self.nested():
            return None
        waiter = None
        with self._lock:
            if self._closed:
                raise self._drained()
            if self._max_runs is None or self._running < self._max_runs:
                self._running += 1
            elif self._bound is not None and len(self._line) >= self._bound:
                raise self._shed("too many runs go on and wait already", self._bound)
            else:
                waiter = _Waiter()
                self._line.append(waiter)
        if waiter is not None:
            await self._wait(waiter)
        permit = Permit(self, _around.get())
        _around.set(permit)
        return permit

    def leave(self, permit: Permit | None) -> None:
        """Gives a permit back. A second time does nothing."""
        if permit is None or not permit.held:
            return
        permit.held = False
        if _around.get() is permit:
            _around.set(permit.outer)
        self._pass_on()

    def close(self) -> None:
        """Lets no more runs in, for good; those that wait are refused. Nested ones go on with theirs."""
        with self._lock:
            self._closed = True
            line, self._line = self._line, deque()
            for waiter in line:
                waiter.state = "gone"
        for waiter in line:
            with suppress(RuntimeError):  # its loop was closed: nobody waits there any more
                waiter.loop.call_soon_threadsafe(waiter.refuse, self._drained())

    async def _wait(self, waiter: _Waiter) -> None:
        try:
            async with asyncio.timeout(self._longest_wait):
                await waiter.future
        except BaseException as error:
            self._give_up(waiter)
            if isinstance(error, TimeoutError):
                said = f"it has waited for {self._longest_wait:g} s"
                raise self._shed(said, self._max_runs) from None
            raise

    def _give_up(self, waiter: _Waiter) -> None:
        """Leaves no hole in the line: what was granted meanwhile goes to the next one."""
        with self._lock:
            before, waiter.state = waiter.state, "gone"
            if before == "waiting":
                self._line.remove(waiter)
        if before == "granted":
            self._pass_on()

    def _pass_on(self) -> None:
        """Gives the caller's permit to the first one in line."""
        while True:
            with self._lock:
                try:
                    waiter = self._line.popleft()
                except IndexError:
                    self._running -= 1
                    return
                waiter.state = "granted"
            try:
                waiter.loop.call_soon_threadsafe(waiter.grant)
            except RuntimeError:  # its loop was closed: nobody waits there any more
                with self._lock:
                    left, waiter.state = waiter.state == "gone", "gone"
                if not left:
                    continue
            return

    def _drained(self) -> RunShedError:
        return RunShedError(
            f"the run was refused: its executor drains, or was drained, and takes no more runs "
            f"({self._running} go on). Run it with another executor; with_options() makes one like it",
            running=self._running,
            queued=0,
        )

    def _shed(self, why: str, limit: int | None) -> RunShedError:
        running, queued = self._running, len(self._line)
        average = self._average()
        hint = None if average is None or not self._max_runs else average * (queued + 1) / self._max_runs
        again = "" if hint is None else f"; there may be room in {hint:.1f} s"
        return RunShedError(
            f"the run was refused: {why} ({running} go on, {queued} wait){again}. Come back later, or raise "
            "max_runs or max_queued_runs, or set when_full='wait'",
            running=running,
            queued=queued,
            limit=limit,
            retry_after=hint,
        )
