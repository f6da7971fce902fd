"""What lies around a call of one endpoint, in this order: cancel › cache › total deadline › fallback.

``Course`` is the state machine and does no I/O. ``BlockingCourse`` and ``LoopCourse`` do what it asks for;
closing one, which is what cancelling comes to, ends whatever it is about. Retry, breaker, permits, rate
limits and the time-outs of an attempt lie further in, in the kernel.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from graphbit_core.errors import GraphBitError, InternalError, ValidationError
from graphbit_core.llm.check import check_request, refusal
from graphbit_core.llm.endpoint import Endpoint
from graphbit_core.llm.exchange import Observe, as_deltas
from graphbit_core.llm.failover import another_may_do, reported
from graphbit_core.llm.meter import Meter
from graphbit_core.llm.routing import Router, awake
from graphbit_core.llm.worker import in_thread
from graphbit_core.types.messages import ChatRequest, ChatResponse, Delta, Usage

if TYPE_CHECKING:
    from graphbit_core.llm.cache import Key, ResponseCache
    from graphbit_core.llm.stream import AsyncRun, Run

Policy = Mapping[str, float | int]


def _unknown_cost(endpoint: Endpoint, usage: Usage) -> float | None:
    del endpoint
    return usage.cost


@dataclass(slots=True)
class Setup:
    """What every call of one client shares.

    Attributes:
        endpoints: Where calls may go, at least one.
        timeout: Seconds that one call may take in all.
        router: Chooses among several endpoints; None: in order.
        cache: Answers that were given before; None: none are kept.
        restart: Whether another endpoint may begin anew once pieces of an answer were handed out.
        meter: What the client's calls came to.
        cost: What a call of an endpoint cost, in dollars, where that is known.
    """

    endpoints: tuple[Endpoint, ...]
    timeout: float
    router: Router | None = None
    cache: ResponseCache | None = None
    restart: bool = False
    meter: Meter = field(default_factory=Meter)
    cost: Callable[[Endpoint, Usage], float | None] = _unknown_cost


class Step(Enum):
    """What a course needs next."""

    LOOK_UP = 1
    RECEIVE = 2
    STORE = 3
    GIVE = 4


class Course:
    """One call from request to answer. Do what ``step`` says and tell it what came of it.

    Raises:
        ValidationError: The request is wrong, or asks for what no endpoint can do.
    """

    __slots__ = (
        *("_answer", "_began", "_deadline", "_delivered", "_errors", "_observe", "_pending", "_place"),
        *("_policy", "_request", "_route", "_running", "_sent", "_setup", "_stream", "key", "step"),
    )

    def __init__(
        self,
        setup: Setup,
        request: ChatRequest,
        deadline: float | None,
        *,
        stream: bool,
        policy: Policy | None = None,
        observe: Observe | None = None,
    ) -> None:
        self._route = _route(setup, request)
        self._setup, self._request, self._stream = setup, request, stream
        self._policy, self._observe = policy, observe
        self._began = self._sent = time.monotonic()
        own = self._began + setup.timeout
        self._deadline = own if deadline is None or deadline > own else deadline
        self._place = 0
        self._running: Endpoint | None = None
        self._delivered = False
        self._errors: list[tuple[Endpoint, GraphBitError]] = []
        self._pending: Sequence[Delta] | None = None
        self._answer: ChatResponse | None = None
        self.key: Key | None = None
        self.step: Step | None = Step.RECEIVE
        if setup.cache is not None and (key := setup.cache.key(self._route[0], request)) is not None:
            self.key, self.step = key, Step.LOOK_UP
        setup.meter.begin()

    # --- the cache ---

    def found(self, answer: ChatResponse | None) -> None:
        """What the cache has for ``key``."""
        if answer is None:
            self.step = Step.RECEIVE
            return
        self._setup.meter.hit(self._began, time.monotonic())
        self._finish(answer, whole=self._stream)

    def to_store(self) -> ChatResponse:
        """The answer; it is to be given when it is stored."""
        assert self._answer is not None
        self.step = Step.GIVE
        return self._answer

    # --- one endpoint after another ---

    def open(self) -> Run:
        """Begins the call of the endpoint whose turn it is, for a blocking caller."""
        endpoint, stream = self._begin()
        return endpoint.chat.open(
            self._request, self._deadline, stream=stream, policy=self._policy, observe=self._observe
        )

    def open_async(self) -> AsyncRun:
        """As ``open``, on the running event loop."""
        endpoint, stream = self._begin()
        return endpoint.chat.open_async(
            self._request, self._deadline, stream=stream, policy=self._policy, observe=self._observe
        )

    def arrived(self, item: Sequence[Delta] | ChatResponse) -> None:
        """What the endpoint sent."""
        now = time.monotonic()
        endpoint = self._route[self._place]
        if not isinstance(item, ChatResponse):
            if not self._delivered:
                self._delivered = True
                endpoint.meter.piece(now - self._sent)
            self._pending, self.step = item, Step.GIVE
            return
        setup = self._setup
        self._running = None
        cost = setup.cost(endpoint, item.usage)
        endpoint.meter.answer(self._sent, now, item.usage, cost)
        setup.meter.answer(self._began, now, item.usage, cost)
        self._finish(item, whole=self._stream and not self._delivered)
        if setup.cache is not None and setup.cache.keeps(self._request, item):
            if self._place:
                self.key = setup.cache.key(endpoint, self._request)
            self.step = Step.STORE

    def failed(self, error: GraphBitError, *, opened: bool) -> None:
        """The endpoint failed: the next one is asked, or the error is raised, with those before it told.

        Args:
            error: What it raised.
            opened: False where it refused the request before anything was sent.
        """
        now = time.monotonic()
        endpoint = self._route[self._place]
        refused = not opened and isinstance(error, ValidationError)
        self._end(now, None if refused else error)
        self._errors.append((endpoint, error))
        goes_on = refused or (another_may_do(error) and now < self._deadline)
        last = self._place + 1 == len(self._route)
        if last or not goes_on or (self._delivered and not self._setup.restart):
            self.step = None
            self._setup.meter.fail(self._began, now, error)
            raise reported(self._errors)
        self._place += 1
        self._tell(endpoint, error)

    def broke(self, error: Exception) -> None:
        """Something else than an error of a call ended it; whoever drives the course raises it."""
        now = time.monotonic()
        self._end(now, error)
        self.step = None
        self._setup.meter.fail(self._began, now, error)

    # --- the caller ---

    def give(self) -> Sequence[Delta] | ChatResponse:
        """What the caller gets now."""
        if (deltas := self._pending) is not None:
            self._pending = None
            self.step = Step.RECEIVE if self._answer is None else Step.GIVE
            return deltas
        if self._answer is None:
            raise InternalError("the call is not over")
        return self._answer

    def left(self) -> None:
        """The caller will not ask again."""
        if self._answer is None and self.step is not None:
            self.step = None
            self._end(0.0, None)
            self._setup.meter.leave()

    # --- details ---

    def _begin(self) -> tuple[Endpoint, bool]:
        self._running = endpoint = self._route[self._place]
        if self._place:
            self._sent = time.monotonic()
        endpoint.meter.begin()
        return endpoint, self._stream and "stream" in endpoint.capabilities

    def _end(self, now: float, error: Exception | None) -> None:
        """The endpoint's call is over; without an error it says nothing about the endpoint."""
        endpoint, self._running = self._running, None
        if endpoint is None:
            return
        if error is None:
            endpoint.meter.leave()
        else:
            endpoint.meter.fail(self._sent, now, error)

    def _finish(self, answer: ChatResponse, *, whole: bool) -> None:
        self._answer, self.step = answer, Step.GIVE
        if whole:
            self._pending = as_deltas(answer)

    def _tell(self, before: Endpoint, error: GraphBitError) -> None:
        """Tells of the change of endpoints, and that what was handed out is void."""
        reason = f"{type(error).__name__}: {error.message}"
        if self._observe is not None:
            after = self._route[self._place].name
            self._observe("llm.fallback", {"from": before.name, "to": after, "error": reason})
        self.step = Step.RECEIVE
        if self._delivered:
            self._delivered = False
            self._pending, self.step = (Delta("restart", ""),), Step.GIVE
            if self._observe is not None:
                self._observe("llm.restarted", {"attempt": 1, "reason": reason})


class BlockingCourse:
    """Drives a course for a blocking caller. Close it, whatever happened."""

    __slots__ = ("_course", "_run", "_setup")

    def __init__(self, setup: Setup, course: Course) -> None:
        self._setup, self._course = setup, course
        self._run: Run | None = None

    def receive(self) -> Sequence[Delta] | ChatResponse:
        """The next deltas or, last, the answer. Raises what ended the call."""
        course, cache = self._course, self._setup.cache
        while course.step is not Step.GIVE:
            if course.step is Step.RECEIVE:
                self._receive(course)
            elif cache is None or course.key is None:
                raise InternalError("the call is over")
            elif course.step is Step.LOOK_UP:
                course.found(cache.get(course.key))
            else:
                cache.put(course.key, course.to_store())
        return course.give()

    def close(self) -> None:
        """Ends the call if it is not over, and closes its socket."""
        if self._run is not None:
            self._run.close()
        self._course.left()

    def _receive(self, course: Course) -> None:
        try:
            if self._run is None:
                self._run = course.open()
            item = self._run.receive()
        except GraphBitError as error:
            run, self._run = self._run, None
            if run is not None:
                run.close()
            course.failed(error, opened=run is not None)
        except Exception as error:
            course.broke(error)
            raise
        else:
            course.arrived(item)


class LoopCourse:
    """Drives a course on the running event loop. Close it, whatever happened."""

    __slots__ = ("_course", "_run", "_setup")

    def __init__(self, setup: Setup, course: Course) -> None:
        self._setup, self._course = setup, course
        self._run: AsyncRun | None = None

    async def receive(self) -> Sequence[Delta] | ChatResponse:
        """As BlockingCourse's."""
        course, cache = self._course, self._setup.cache
        while course.step is not Step.GIVE:
            if course.step is Step.RECEIVE:
                await self._receive(course)
            elif cache is None or course.key is None:
                raise InternalError("the call is over")
            elif course.step is Step.LOOK_UP:
                course.found(await in_thread(cache.get, course.key))
            else:
                await in_thread(cache.put, course.key, course.to_store())
        return course.give()

    def close(self) -> None:
        """As BlockingCourse's."""
        if self._run is not None:
            self._run.close()
        self._course.left()

    async def _receive(self, course: Course) -> None:
        try:
            if self._run is None:
                self._run = course.open_async()
            item = await self._run.receive()
        except GraphBitError as error:
            run, self._run = self._run, None
            if run is not None:
                run.close()
            course.failed(error, opened=run is not None)
        except Exception as error:
            course.broke(error)
            raise
        else:
            course.arrived(item)


def _route(setup: Setup, request: ChatRequest) -> Sequence[Endpoint]:
    """The endpoints that can serve the request, in the order in which they are asked.

    Raises:
        ValidationError: The request is wrong, or none can.
    """
    needs = check_request(request)
    endpoints: Sequence[Endpoint] = setup.endpoints
    if needs:
        refusals = [refusal(endpoint.provider, endpoint.capabilities, needs) for endpoint in endpoints]
        able = [one for one, why in zip(endpoints, refusals, strict=True) if why is None]
        if not able:
            raise next(filter(None, refusals))
        endpoints = able
    if len(endpoints) == 1:
        return endpoints
    if setup.router is not None:
        endpoints = setup.router(request, endpoints)
        if not endpoints:
            raise ValidationError("the router chose no endpoint; it must give at least one", field="router")
    return awake(endpoints, time.monotonic())
