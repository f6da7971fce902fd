"""Calls of the HTTP engine, from an event loop and from blocking code.

Kernel threads never touch Python: they put events into a mailbox and make its descriptor readable. A
mailbox is borrowed for as long as a loop, or a blocking caller, has calls open, and given back after.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from graphbit_core.clock import MACHINE, clock
from graphbit_core.errors import ValidationError
from graphbit_core.kernel import Egress, Engine, Mailbox, take_log
from graphbit_core.kernel.watcher import SIGNAL_CHECK, Watcher
from graphbit_core.types.http import Framing, HttpRequest

Event = tuple[str, Any]
"""Kind and payload, as ``call_data.CallEvent`` has them."""

_SPARE_MAILBOXES = 32
CLOSED = "the call was closed before it was over, so it has no answer"


@dataclass(slots=True)  # made for every call; a frozen one takes three times as long
class CallSpec:
    """One call: what is sent, for which resource, within which bounds.

    Attributes:
        resource: Shares a breaker and a retry budget with every call of the same name.
        request: The request.
        framing: How the streamed body is cut into frames; None for one whole reply.
        tokens: Estimate for the token limit.
        deadline: When all attempts must be over, on the clock of the event loop, else ``time.monotonic``.
        policy: Keys of ``call_data.CallPolicy``.
        egress: Guards where the call and its redirects go; None for an address that the user configured.
        limiter: Shares permits, rates and pauses with every call of the same name; empty: the resource's.
        notices: Whether to hear, as events ``notice``, what the call meets on its way.
    """

    resource: str
    request: HttpRequest
    framing: Framing | None = None
    tokens: int = 0
    deadline: float | None = None
    policy: Mapping[str, float | int] = field(default_factory=dict)
    egress: Egress | None = None
    limiter: str = ""
    notices: bool = False


def engine() -> Engine:
    """The engine of this process; a forked child gets its own."""
    global _engine
    if _engine is not None:
        return _engine
    with _engine_lock:
        if _engine is None:
            made = _makers[0]()
            for limiter, limits in _limits.items():
                made.limit(limiter, limits)
            for resource, settings in _protections.items():
                made.protect(resource, settings)
            _engine = made
        return _engine


def limit(limiter: str, limits: Mapping[str, float | int]) -> None:
    """Sets the limits of a limiter, also in processes that are forked later; see ``_native.Engine``."""
    given = dict(limits)
    engine().limit(limiter, given)
    _limits[limiter] = given


def protect(resource: str, settings: Mapping[str, float | int]) -> None:
    """Sets a resource's breaker and retry budget, also in processes forked later; see ``_native.Engine``."""
    given = dict(settings)
    engine().protect(resource, given)
    _protections[resource] = given


@contextmanager
def engine_of(engine: Callable[[], Any], mailbox: Callable[[], Any]) -> Iterator[None]:
    """Has calls that begin meanwhile, on any thread, go over another engine, with its own mailboxes.

    Limits and protections hold there as well, and those that are set meanwhile also hold afterwards.
    """
    global _home, _engine, _spare, _loops, _makers
    before = _home, _spare, _loops, _makers
    _home, _engine, _spare, _loops, _makers = object(), None, deque(), _Loops(), (engine, mailbox)
    try:
        yield
    finally:
        _home, _spare, _loops, _makers = before
        _engine = None  # the next one is told of all limits


class BlockingCall:
    """A call whose events the calling thread waits for. Close it, whatever happened."""

    def __init__(self, spec: CallSpec) -> None:
        self._open, self._home = True, _home
        self._reader = threading.get_ident()
        self._mailbox = _borrow()
        try:
            self.id = _start(self._mailbox, spec)
        except BaseException:
            _give_back(self._mailbox)
            raise

    def receive(self) -> list[Event]:
        """Waits for the next events; signal handlers run meanwhile. ValidationError if it was closed."""
        self._reader = threading.get_ident()  # before the look at _open; close does it the other way round
        while self._open:
            if self._mailbox.wait(SIGNAL_CHECK) and self._open:
                events = [event[1:] for event in _drain(self._mailbox) if event[0] == self.id]
                if events:
                    return events
        raise ValidationError(CLOSED)

    def close(self, *, over: bool = False) -> None:
        """Cancels the call unless it is over; only the first time, and in a forked child never."""
        if self._open and self._home is _home:
            self._open = False
            if not over:
                engine().cancel(self.id)
            if self._reader == threading.get_ident():  # else that thread may wait at it, and take what comes
                _give_back(self._mailbox)


class CallGroup:
    """Calls whose events the calling thread waits for together. Close it, whatever happened.

    Attributes:
        owner: On whose behalf calls are started just now; ``wait`` names it again.
    """

    def __init__(self) -> None:
        self._home = _home
        self._calls: dict[int, tuple[GroupCall, Any]] = {}
        self._mailbox: Mailbox | None = _borrow()
        self.owner: Any = None

    def start(self, spec: CallSpec) -> GroupCall:
        """Begins a call. Close it when it is over."""
        assert self._mailbox is not None
        call = GroupCall(self, _start(self._mailbox, spec))
        self._calls[call.id] = (call, self.owner)
        return call

    def wait(self) -> list[Any]:
        """Owners of the calls that have events now; signal handlers run meanwhile."""
        assert self._mailbox is not None
        owners: dict[int, Any] = {}
        while not owners:
            if not self._mailbox.wait(SIGNAL_CHECK):
                continue
            for call_id, kind, payload in _drain(self._mailbox):
                if call_id in self._calls:
                    call, owner = self._calls[call_id]
                    call.events.append((kind, payload))
                    owners[call_id] = owner
        return list(owners.values())

    def end(self, call_id: int, *, cancel: bool) -> None:
        """A call is over, or is to be."""
        if self._calls.pop(call_id, None) is not None and cancel and self._home is _home:
            engine().cancel(call_id)

    def close(self) -> None:
        """Cancels what is not over. In a forked child nothing happens, as above."""
        mailbox, self._mailbox = self._mailbox, None
        if mailbox is None or self._home is not _home:
            return
        for call_id in self._calls:
            engine().cancel(call_id)
        self._calls.clear()
        _give_back(mailbox)


class GroupCall:
    """A call of a group."""

    __slots__ = ("_group", "events", "id")

    def __init__(self, group: CallGroup, call_id: int) -> None:
        self._group, self.id = group, call_id
        self.events: list[Event] = []

    def receive(self) -> list[Event]:
        """The events that are there, perhaps none."""
        events, self.events = self.events, []
        return events

    def close(self, *, over: bool = False) -> None:
        """Cancels the call unless it is over."""
        self._group.end(self.id, cancel=not over)


class LoopCall:
    """A call whose events arrive on the running event loop. Close it, whatever happened."""

    def __init__(self, spec: CallSpec) -> None:
        self._open, self._home = True, _home
        self._box = _box_of_running_loop()
        self._events: list[Event] = []
        self._waiter: asyncio.Future[None] | None = None
        try:
            self.id = _start(self._box.mailbox, spec)
        except BaseException:
            self._box.release_if_idle()
            raise
        self._box.calls[self.id] = self

    async def receive(self) -> list[Event]:
        """Waits for the next events. ValidationError if it was closed."""
        if self._open and not self._events:
            self._waiter = self._box.loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        if not self._open:
            raise ValidationError(CLOSED)
        events, self._events = self._events, []
        if self.id in self._box.full:
            self._box.full.discard(self.id)
            self._box.deliver()
        return events

    def put(self, event: Event) -> None:
        """Called by the loop's mailbox."""
        self._events.append(event)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
        elif event[0] == "frames":
            self._box.full.add(self.id)

    def close(self, *, over: bool = False) -> None:
        """Cancels the call unless it is over, as ``over`` may say. In a forked child nothing happens."""
        if self._home is not _home:
            return
        self._open = False
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
        if not over:
            engine().cancel(self.id)
        self._box.calls.pop(self.id, None)
        self._box.full.discard(self.id)
        self._box.release_if_idle()


class _LoopMailbox:
    """The mailbox of one event loop, while calls of that loop are open. Used on the loop's thread only."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.calls: dict[int, LoopCall] = {}
        self.full: set[int] = set()
        """Calls whose reader is behind; what else they bring stays in the mailbox, so that they pause."""
        self.mailbox = _borrow()
        self._watcher: Watcher | None = None
        try:
            loop.add_reader(self.mailbox.fileno(), self.deliver)
        except NotImplementedError:
            self._watcher = Watcher(self.mailbox, loop, self.deliver)

    def deliver(self) -> None:
        """Hands everything that has arrived to the calls it is for."""
        for call_id, kind, payload in _drain(self.mailbox, self.full):
            call = self.calls.get(call_id)
            if call is not None:
                call.put((kind, payload))

    def release_if_idle(self) -> None:
        """Gives the mailbox back when no call is open, so that a loop may close without telling us."""
        if self.calls or _loops.boxes.get(self.loop) is not self:
            return
        del _loops.boxes[self.loop]
        if self.loop.is_closed():
            self.abandon()
        elif self._watcher is not None:
            self._watcher.stop()
        else:
            self.loop.remove_reader(self.mailbox.fileno())
            _give_back(self.mailbox)

    def abandon(self) -> None:
        """The loop was closed with calls open: they are cancelled."""
        if self._watcher is not None:
            self._watcher.stop()
        self.mailbox.close()


class _Loops(threading.local):
    """The mailboxes of this thread's event loops."""

    def __init__(self) -> None:
        self.boxes: dict[asyncio.AbstractEventLoop, _LoopMailbox] = {}


def _box_of_running_loop() -> _LoopMailbox:
    loop = asyncio.get_running_loop()
    box = _loops.boxes.get(loop)
    if box is None:
        for closed in [other for other in _loops.boxes if other.is_closed()]:
            _loops.boxes.pop(closed).abandon()
        box = _loops.boxes[loop] = _LoopMailbox(loop)
    return box


def _start(mailbox: Mailbox, spec: CallSpec) -> int:
    request, deadline, here = spec.request, spec.deadline, clock()
    if deadline is not None and here is not MACHINE:
        deadline += time.monotonic() - here.monotonic()
    return engine().start(
        mailbox,
        spec.resource,
        request.method,
        request.url,
        list(request.headers.items()),
        request.body,
        spec.framing,
        request.idempotent,
        spec.tokens,
        deadline,
        dict(spec.policy) if spec.policy else {},
        spec.egress,
        spec.limiter or None,
        spec.notices,
    )


def _drain(mailbox: Mailbox, full: Collection[int] = ()) -> list[tuple[int, str, Any]]:
    """All events that have arrived, but those of ``full`` calls; what was logged goes to ``logging``."""
    events = mailbox.drain(list(full)) if full else mailbox.drain()
    for level, text in take_log():
        _log.log(level, text)
    return events


def _borrow() -> Mailbox:
    try:
        return _spare.pop()
    except IndexError:
        made: Mailbox = _makers[1]()
        return made


def _give_back(mailbox: Mailbox) -> None:
    mailbox.drain()  # what a cancelled call left, perhaps a large body
    if len(_spare) < _SPARE_MAILBOXES:
        _spare.append(mailbox)
    else:
        mailbox.close()


_log = logging.getLogger("graphbit_core.kernel")
_home = object()
"""Stands for this process; a forked child gets another, by which it tells what the parent left it."""
_engine: Engine | None = None
_engine_lock = threading.Lock()
_limits: dict[str, dict[str, float | int]] = {}
_protections: dict[str, dict[str, float | int]] = {}
_spare: deque[Mailbox] = deque()
_loops = _Loops()
_makers: tuple[Callable[[], Any], Callable[[], Any]] = (Engine, Mailbox)
_of_parent: list[Any] = []
"""What a forked child inherited; kept, because dropping it would touch the parent's threads."""


def _forget_the_parent() -> None:
    global _home, _engine, _engine_lock, _spare, _loops, _makers
    _of_parent.extend((_engine, _spare, _loops.boxes, _makers))
    _home, _makers = object(), (Engine, Mailbox)
    _engine, _engine_lock, _spare, _loops = None, threading.Lock(), deque(), _Loops()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_the_parent)
