"""The kernel's HTTP engine without a network and without waiting: replies come from a script."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias
from urllib.parse import urlsplit

from graphbit_core.kernel import Mailbox, Rehearsal
from graphbit_core.kernel.calls import engine_of
from graphbit_core.testing.replies import Reply

if TYPE_CHECKING:
    from graphbit_core.testing.fake_clock import FakeClock

_LONG = 86_400.0
"""Longer than any wait of the kernel, in seconds."""
_TURNS = 5
"""So many turns the event loop makes before time passes: what was delivered is read and judged in them."""
_GLANCES = 20
"""So many milliseconds a caller that has not read what came to it keeps time from passing for the others."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One request, as the codec made it and the kernel would send it.

    Attributes:
        method: ``GET``, ``POST``, …
        url: The whole URL.
        headers: Names in lower case; the repr does not show them, nor the body.
        body: The bytes of the body.
        at: When it was sent, in seconds since the kernel was made.
    """

    method: str
    url: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    at: float

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


Failure = Literal["refused", "unreachable"]
"""No connection: it is refused at once, or nobody answers until the connect time-out."""
Step: TypeAlias = "Reply | Failure | Callable[[Sent], Reply | Failure]"
"""What becomes of a request; a callable sees it first."""


class FakeKernel:
    """Stands in for the network: a codec is tried through the real clients, retries and time-outs included.

    While it is open, every call of ``LlmClient``, ``EmbeddingClient`` and the HTTP node goes to its script,
    on whatever thread. What lies between is the kernel itself: HTTP is parsed, streams are framed, errors
    are classified, retries decided, breakers and limits kept as ever; no socket is opened, no thread started.
    Breakers begin anew with each kernel. Its waits (back-off, ``Retry-After``, time-outs, ``Reply.pause``)
    pass at once, and only on the kernel's own clock, ``now``.

    Not as over a network: names are not looked up, there is no TLS and no HTTP/2, bodies are not
    decompressed, each request has a connection of its own, and headers that the HTTP library adds are not
    recorded. The deadline of a client over several endpoints is on the machine's clock, or that of ``clock``.
    ``ModelServer`` is there for all of that. Calls that are open when it begins are to end after it.

    Example:
        ::

            slow_down = Reply.json({}, 429, {"retry-after": "60"})
            with FakeKernel(slow_down, Reply.json(chat_body("Hello"))) as kernel:
                assert LlmClient("acme", api_key="any").complete("Hi") == "Hello"
                assert [request.url for request in kernel.requests] == [URL, URL]
                assert kernel.now >= 60

    Ways to fail: ``Reply.json(error_body(), 503)``, ``Reply.stream(…).cut_body(100)``,
    ``Reply.raw(b"", "hang")`` (no reply, until a time-out), ``"refused"``, ``"unreachable"``.

    Args:
        steps: What becomes of the requests, in order of their arrival.
        repeat_last: Whether the last step serves all further requests. Without it a request too many fails
            its call with a ValidationError.
        clock: A FakeClock that goes together with the kernel's, so that what a model call waits for counts in
            a workflow, and the time-outs of a workflow hold for its model calls.
        seed: Drives the jitter of back-offs.

    Attributes:
        requests: What was sent, in order.
    """

    def __init__(
        self, *steps: Step, repeat_last: bool = False, clock: FakeClock | None = None, seed: int = 0
    ) -> None:
        self.requests: list[Sent] = []
        self._steps: list[Step] = list(steps)
        self._repeat_last = repeat_last
        self._clock = clock
        self._began = 0.0 if clock is None else clock.now
        self._rehearsal = Rehearsal(seed, time.time() if clock is None else clock.wall())
        self._stack = ExitStack()
        self._turns = self._glances = 0
        self._turning = False

    @property
    def now(self) -> float:
        """Seconds that have passed since it was made, to the microsecond."""
        return round(self._rehearsal.now(), 6)

    def add(self, *steps: Step) -> None:
        """Appends to the script."""
        self._steps += steps

    def advance(self, seconds: float) -> None:
        """Lets time pass between calls, for example until a breaker lets one through."""
        self._play(seconds)

    def __enter__(self) -> Self:
        self._stack.enter_context(engine_of(lambda: _Engine(self), lambda: _Mailbox(self)))
        if self._clock is not None:
            self._stack.enter_context(self._clock.together_with(self._pass))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    # --- time ---

    def _wait(self) -> None:
        """For a blocking caller: until something has come, to whomever."""
        calls, held = self._rehearsal.calls()
        if calls > held and (not held or self._glances >= _GLANCES):
            self._glances = 0
            passed = self._play(_LONG)
            if self._clock is not None:
                self._clock.advance(passed)  # it is this thread that takes so long
        else:
            self._glances += 1
            time.sleep(0.001)

    def _stir(self) -> None:
        """Something was done on an event loop, after which time may have to pass."""
        self._turns, self._glances = _TURNS, 0
        if self._clock is not None and (late := self._clock.now - self._began - self._rehearsal.now()) > 0:
            self._play(late)
        loop = asyncio._get_running_loop()
        if loop is None or self._turning or self._goes_with(loop):
            return
        self._turning = True
        loop.call_soon(self._turn, loop)

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        self._turns -= 1
        if self._turns > 0:
            loop.call_soon(self._turn, loop)
            return
        calls, held = self._rehearsal.calls()
        if held and self._glances < _GLANCES:
            self._glances += 1
            loop.call_later(0.001, self._turn, loop)
            return
        self._turning = False
        if calls > held:
            self._play(_LONG)  # what comes makes the loop's mailbox readable

    def _goes_with(self, loop: asyncio.AbstractEventLoop) -> bool:
        return self._clock is not None and getattr(loop, "graphbit_clock", None) is self._clock

    def _pass(self, limit: float | None) -> float | None:
        """For the loop of the FakeClock, when it is idle: how much time passed, None if there is no call."""
        calls, held = self._rehearsal.calls()
        if not calls or (limit is None and calls == held):
            return None
        return self._play(_LONG if limit is None else limit)

    def _play(self, limit: float) -> float:
        """Lets time pass and serves requests until something has come or ``limit`` is over."""
        passed = 0.0
        while True:
            passed = min(limit, passed + self._rehearsal.run(max(0.0, limit - passed)))
            asked = self._rehearsal.requests()
            for number, method, url, headers, body in asked:
                self._serve(number, Sent(method, url, dict(headers), body, self.now))
            if not asked:
                return passed

    # --- the script ---

    def _serve(self, number: int, sent: Sent) -> None:
        self.requests.append(sent)
        try:
            step = self._step(sent)
        except BaseException as error:
            self._rehearsal.fault(number, f"the script of FakeKernel raised {type(error).__name__}: {error}")
            raise
        if step == "refused":
            self._rehearsal.refuse(number)
        elif isinstance(step, Reply):
            last = "hang" if step.ending == "keep" else step.ending
            self._rehearsal.reply(
                number, step.head, step.body, step.repeat, step.piece, step.pause, step.stop, last
            )
        elif step != "unreachable":
            where = f"{sent.method} {urlsplit(sent.url).path}"
            self._rehearsal.fault(number, f"FakeKernel has no step for request {len(self.requests)}, {where}")

    def _step(self, sent: Sent) -> Reply | Failure | None:
        if not self._steps:
            return None
        step = self._steps[0] if self._repeat_last and len(self._steps) == 1 else self._steps.pop(0)
        return step(sent) if callable(step) else step


class _Engine:
    """As ``_native.Engine``, and time may pass after whatever it was told."""

    def __init__(self, kernel: FakeKernel) -> None:
        self._kernel = kernel
        self._native = kernel._rehearsal.engine()

    def __getattr__(self, name: str) -> Any:
        does = getattr(self._native, name)

        def do(*args: Any) -> Any:
            try:
                return does(*args)
            finally:
                self._kernel._stir()

        return do

    def start(self, mailbox: _Mailbox, *args: Any) -> int:
        """See ``_native.Engine.start``."""
        self._kernel._stir()
        return self._native.start(mailbox.native, *args)


class _Mailbox:
    """As ``_native.Mailbox``; who waits at it lets time pass."""

    def __init__(self, kernel: FakeKernel) -> None:
        self._kernel = kernel
        self.native: Mailbox = kernel._rehearsal.mailbox()
        self.fileno, self.close = self.native.fileno, self.native.close

    def wait(self, timeout: float) -> bool:
        """Whether something has come; it never blocks for long."""
        del timeout
        if not self.native.wait(0):
            self._kernel._wait()
        return self.native.wait(0)

    def drain(self, full: Collection[int] = ()) -> Iterable[tuple[int, str, Any]]:
        """See ``_native.Mailbox.drain``."""
        self._kernel._stir()
        return self.native.drain(list(full))
