"""What lies around a call of one endpoint, in this order: cancel › cache › total deadline › fallback.

``Course`` is the state machine and does no I/O; ``BlockingCourse`` and ``LoopCourse`` add what does. Closing
one, which is what cancelling comes to, ends whatever it is about. Retry, breaker, permits, rate limits and
the time-outs of an attempt lie further in, in the kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from graphbit_core.clock import clock
from graphbit_core.errors import GraphBitError, InternalError, ValidationError
from graphbit_core.kernel.calls import CLOSED, CallGroup
from graphbit_core.llm.budget import reserve
from graphbit_core.llm.calls.exchange import Observe, as_deltas
from graphbit_core.llm.calls.http_calls import Policy
from graphbit_core.llm.calls.worker import in_thread
from graphbit_core.llm.endpoints.endpoint import Endpoint
from graphbit_core.llm.endpoints.failover import another_may_do, reported
from graphbit_core.llm.endpoints.routing import awake
from graphbit_core.llm.endpoints.setup import Fits, Setup, choose
from graphbit_core.llm.models import ModelInfo
from graphbit_core.llm.tokens import estimate
from graphbit_core.types.messages import ChatRequest, ChatResponse, Delta, Usage

if TYPE_CHECKING:
    from graphbit_core.llm.budget import Budget, Reservation
    from graphbit_core.llm.cache import Key, ResponseCache

Step = Literal["look up", "receive", "store", "give"]
"""What a course needs next."""


class Course:
    """One call from request to answer: a driver does what ``step`` says and tells what came of it.

    Raises:
        ValidationError: The request is wrong, or asks for what no endpoint can do.
    """

    __slots__ = (
        "_answer",
        "_began",
        "_deadline",
        "_delivered",
        "_errors",
        "_fits",
        "_group",
        "_key",
        "_keyed",
        "_now",
        "_observe",
        "_pending",
        "_place",
        "_policy",
        "_request",
        "_reservation",
        "_route",
        "_run",
        "_running",
        "_sent",
        "_setup",
        "_stream",
        "step",
    )

    def __init__(
        self,
        setup: Setup,
        request: ChatRequest,
        deadline: float | None,
        stream: bool,
        policy: Policy | None = None,
        observe: Observe | None = None,
        group: CallGroup | None = None,
        fits: Fits | None = None,
    ) -> None:
        self._now = clock().monotonic
        chosen = choose(setup, request)
        self._route = chosen if len(chosen) == 1 else awake(chosen, self._now())
        self._setup, self._request, self._stream = setup, request, stream
        self._policy, self._observe, self._group, self._fits = policy, observe, group, fits
        self._began = self._sent = self._now()
        own = self._began + setup.timeout
        self._deadline = own if deadline is None or deadline > own else deadline
        self._place = 0
        self._running: Endpoint | None = None
        self._reservation: Reservation | None = None
        self._delivered = False
        self._errors: list[tuple[Endpoint, GraphBitError]] = []
        self._pending: Sequence[Delta] | None = None
        self._answer: ChatResponse | None = None
        self._key: Key | None = None
        self._keyed = chosen[0]  # an answer that it gave is given also while it must be left alone
        self.step: Step | None = "receive"
        if setup.cache is not None:
            self._look_up(setup.cache, chosen[0])
        self._run: Any = None  # of the driver
        setup.meter.begin()

    # --- the cache ---

    def _cache_and_key(self) -> tuple[ResponseCache, Key]:
        if self.step is None or self._setup.cache is None or self._key is None:
            raise ValidationError(CLOSED)
        return self._setup.cache, self._key

    def _look_up(self, cache: ResponseCache, endpoint: Endpoint) -> None:
        """What ``endpoint`` answered before is wanted, if it can be told from what was looked for already."""
        before, self._key, self._keyed = self._key, cache.key(endpoint, self._request), endpoint
        self.step = "receive" if self._key in (None, before) else "look up"

    def _found(self, answer: ChatResponse | None) -> None:
        """What the cache has for the request."""
        if answer is None or not self._is_fit(answer):
            self.step = "receive"
            if self._setup.cache is not None and self._keyed is not self._route[0]:
                self._look_up(self._setup.cache, self._route[0])
            return
        self._setup.meter.hit(self._began, self._now())
        if self._observe is not None:
            facts = {"model": self._keyed.name, "usd": 0.0, "cached": True}
            self._observe("llm.answered", facts)
        self._answer, self.step = answer, "give"
        if self._stream:
            self._pending = as_deltas(answer)

    def _is_fit(self, answer: ChatResponse) -> bool:
        return self._fits is None or self._fits(answer)

    def _to_store(self) -> ChatResponse:
        """The answer; it is to be given when it is stored."""
        assert self._answer is not None
        self.step = "give"
        return self._answer

    # --- one endpoint after another ---

    def _arrived(self, item: Sequence[Delta] | ChatResponse) -> None:
        """What the endpoint sent."""
        now = self._now()
        endpoint = self._route[self._place]
        if not isinstance(item, ChatResponse):
            if item and not self._delivered:
                self._delivered = True
                endpoint.meter.piece(now - self._sent)
            self._pending, self.step = item, "give"
            return
        setup = self._setup
        self._running = None
        cost = endpoint.cost(item.usage)
        if self._reservation is not None:
            self._reservation.settle(item.usage, cost)
        if endpoint.meter is not setup.meter:
            endpoint.meter.answer(self._sent, now, item.usage, cost)
        setup.meter.answer(self._began, now, item.usage, cost)
        if self._observe is not None:
            self._observe("llm.answered", {"model": endpoint.name, "usd": cost, "cached": False})
        self._answer, self.step = item, "give"
        if self._stream and not self._delivered:
            self._pending = as_deltas(item)
        if setup.cache is not None and setup.cache.keeps(self._request, item) and self._is_fit(item):
            if endpoint is not self._keyed:
                self._key = setup.cache.key(endpoint, self._request)
            if self._key is not None:
                self.step = "store"

    def _failed(self, error: GraphBitError, *, opened: bool) -> None:
        """The endpoint failed: the next one is asked, or the error is raised, with those before it told.

        Args:
            error: What it raised.
            opened: False where it refused the request before anything was sent.
        """
        if self.step is None:
            raise error  # it was closed meanwhile
        now = self._now()
        endpoint = self._route[self._place]
        refused = not opened and isinstance(error, ValidationError)
        self._end(now, error if opened else None)
        self._errors.append((endpoint, error))
        goes_on = refused or (another_may_do(error) and now < self._deadline)
        last = self._place + 1 == len(self._route)
        if last or not goes_on or (self._delivered and not self._setup.restart):
            self.step = None
            self._setup.meter.fail(self._began, now, error)
            raise reported(self._errors)
        self._place += 1
        self._tell(endpoint, error)

    def _broke(self, error: Exception) -> None:
        """Something else than an error of a call ended it; whoever drives the course raises it."""
        now = self._now()
        self._end(now, error)
        self.step = None
        self._setup.meter.fail(self._began, now, error)

    # --- the caller ---

    def _give(self) -> Sequence[Delta] | ChatResponse:
        """What the caller gets now."""
        if (deltas := self._pending) is not None:
            self._pending = None
            self.step = "receive" if self._answer is None else "give"
            return deltas
        if self._answer is None:
            raise InternalError("the call is not over")
        return self._answer

    def _left(self) -> None:
        """The caller will not ask again."""
        if self._answer is None and self.step is not None:
            self.step = None
            self._end(0.0, None)
            self._setup.meter.leave()

    # --- details ---

    def _begin(self) -> tuple[Endpoint, bool]:
        endpoint = self._route[self._place]
        if self._place:
            self._sent = self._now()
        if self._setup.budget is not None:
            self._reserve(self._setup.budget, endpoint)
        self._running = endpoint
        if endpoint.meter is not self._setup.meter:
            endpoint.meter.begin()
        return endpoint, self._stream and "stream" in endpoint.capabilities

    def _reserve(self, budget: Budget, endpoint: Endpoint) -> None:
        """Sets aside what the call may use. Raises BudgetExceededError if that is not there any more."""
        info = endpoint.info or ModelInfo(endpoint.model, endpoint.provider)
        tokens, usd = estimate(endpoint.completed(self._request), info)
        self._reservation = reserve(budget, tokens, usd, endpoint.name, self._observe)

    def _account(self) -> None:
        """Ends the reservation of a call without an answer: what had begun to arrive counts in full."""
        reservation, self._reservation = self._reservation, None
        if reservation is None:
            return
        if self._delivered:
            reservation.settle(Usage(), None)
        else:
            reservation.release()

    def _end(self, now: float, error: Exception | None) -> None:
        """The endpoint's call is over; without an error it says nothing about the endpoint."""
        self._account()
        endpoint, self._running = self._running, None
        if endpoint is None or endpoint.meter is self._setup.meter:
            return
        if error is None:
            endpoint.meter.leave()
        else:
            endpoint.meter.fail(self._sent, now, error)

    def _tell(self, before: Endpoint, error: GraphBitError) -> None:
        """Tells of the change of endpoints, and that what was handed out is void."""
        reason = f"{type(error).__name__}: {error.message}"
        if self._observe is not None:
            after = self._route[self._place].name
            self._observe("llm.fallback", {"from": before.name, "to": after, "error": reason})
        self.step = "receive"
        if self._delivered:
            self._delivered = False
            self._pending, self.step = (Delta("restart", ""),), "give"
            if self._observe is not None:
                self._observe("llm.restarted", {"attempt": 1, "reason": reason})


class BlockingCourse(Course):
    """A course for a blocking caller. Close it, whatever happened."""

    __slots__ = ()

    def receive(self) -> Sequence[Delta] | ChatResponse:
        """The next deltas or, last, the answer. Raises what ended the call.

        As one of a group it does not block, but gives no deltas where none are there yet.
        """
        while self.step != "give":
            if self.step != "receive":
                self._ask(*self._cache_and_key())
                continue
            try:
                if self._run is None:
                    endpoint, stream = self._begin()
                    self._run = endpoint.chat.open(
                        endpoint.completed(self._request),
                        self._deadline,
                        stream=stream,
                        policy=self._policy,
                        observe=self._observe,
                        group=self._group,
                    )
                item = self._run.receive()
            except GraphBitError as error:
                run, self._run = self._run, None
                if run is not None:
                    run.close()
                self._failed(error, opened=run is not None)
            except Exception as error:
                self._broke(error)
                raise
            else:
                self._arrived(item)
        return self._give()

    def close(self) -> None:
        """Ends the call if it is not over, and closes its socket."""
        if self._run is not None:
            self._run.close()
        self._left()

    def _ask(self, cache: ResponseCache, key: Key) -> None:
        if self.step == "look up":
            self._found(cache.get(key))
        else:
            cache.put(key, self._to_store())


class LoopCourse(Course):
    """A course on the running event loop. Close it, whatever happened."""

    __slots__ = ()

    async def receive(self) -> Sequence[Delta] | ChatResponse:
        """As BlockingCourse's."""
        while self.step != "give":
            if self.step != "receive":
                await self._ask(*self._cache_and_key())
                continue
            try:
                if self._run is None:
                    endpoint, stream = self._begin()
                    self._run = endpoint.chat.open_async(
                        endpoint.completed(self._request),
                        self._deadline,
                        stream=stream,
                        policy=self._policy,
                        observe=self._observe,
                    )
                item = await self._run.receive()
            except GraphBitError as error:
                run, self._run = self._run, None
                if run is not None:
                    run.close()
                self._failed(error, opened=run is not None)
            except Exception as error:
                self._broke(error)
                raise
            else:
                self._arrived(item)
        return self._give()

    def close(self) -> None:
        """As BlockingCourse's."""
        if self._run is not None:
            self._run.close()
        self._left()

    async def _ask(self, cache: ResponseCache, key: Key) -> None:
        """As BlockingCourse's; the file is read and written on a worker thread."""
        if self.step == "look up":
            self._found(await in_thread(cache.get, key))
        else:
            await in_thread(cache.put, key, self._to_store())
