"""The kernel. Only ``graphbit_core.kernel`` imports this module.

Objects refuse to work in a forked child (ForkError). A panic of the kernel arrives as InternalError.
Times called ``now`` and ``deadline`` are seconds of the monotonic clock (``time.monotonic``).
"""

from collections.abc import Sequence
from typing import TypeAlias, final

from graphbit_core.kernel.call_data import CallEvent, CallPolicy, ResourceLimits, ResourceProtection
from graphbit_core.kernel.graph_data import Disposition, PlanFinding, PlanScope, RunEvent, Settlement, Taken

VERSION: str

# --- runtime -------------------------------------------------------------------------------------

def configure_runtime(worker_threads: int, blocking_threads: int, stack_bytes: int) -> None:
    """Sizes the thread pool; ConfigError if it runs already, ValidationError below 1 thread or 64 KiB."""

def runtime_info() -> dict[str, int | bool | float]:
    """``running``, ``worker_threads``, ``blocking_threads``, ``stack_bytes``, ``uptime_seconds``."""

def take_log() -> list[tuple[int, str]]:
    """What the kernel has logged since the last call: levels as ``logging`` has them (trace: 5), and texts.
    At most 1,000 lines wait; then the oldest are lost.
    """

# --- graph and run -------------------------------------------------------------------------------

def check_graph(scopes: Sequence[PlanScope]) -> list[PlanFinding]:
    """Every structural fault, in order of scope and node; an empty list means that Plan() will succeed."""

@final
class Plan:
    """A validated graph, shared by any number of runs. ValidationError if check_graph finds faults."""

    def __new__(cls, scopes: Sequence[PlanScope]) -> Plan: ...
    def order(self, scope: int) -> list[int]:
        """Indexes of a scope's nodes in topological order, ties by declaration."""

    def ancestors(self, scope: int, node: int) -> list[int]:
        """All nodes of a scope from which ``node`` can be reached, in topological order."""

@final
class Run:
    """The state machine of one run: counters, edges, timers, permits. It never calls Python.

    An activation is a node within a frame: ``frame << 24 | node``. Frame 0 is the workflow; a container that
    settles with ``opened`` gets frames of its body, which open as permits and ``max_concurrency`` allow.

    ``max_concurrency`` limits activations that run; ``type_limits`` and ``resource_limits`` do so per node
    type and resource. ``on_error`` is what a failure that nobody handles does to its frame: ``fail_fast``
    (nothing more begins, what runs is to be cancelled), ``drain`` (what runs may end) or ``continue``
    (independent branches go on). No attempt after the first begins at or after ``deadline``; to end the
    run then is up to the caller. ``seed`` decides the waits between attempts. A limit below 1 and an
    unknown ``on_error`` are a ValidationError.
    """

    def __new__(
        cls,
        plan: Plan,
        *,
        max_concurrency: int,
        type_limits: dict[str, int],
        resource_limits: dict[str, int],
        on_error: str,
        deadline: float | None,
        seed: int,
        record_events: bool,
    ) -> Run: ...
    def start(self, now: float) -> None:
        """Makes the first nodes ready."""

    def take(self, now: float) -> list[Taken]:
        """All that starts now: stages that need no permit, then bodies in order of admission. Timers that
        are due fire inside, and nodes with ``delay`` or ``pass_on`` run.
        """

    def settle(self, settled: Sequence[Settlement], now: float) -> list[Disposition]:
        """Ends stages, once each; returns what became of each failure since the last call.

        What has settled, whose frame is gone or whose attempt is over is ignored (a late abandoned body).
        ValidationError if one has not started, is unknown, or opens frames without being a container; then
        none is settled.
        """

    def ended_frames(self) -> list[tuple[int, int, int, str]]:
        """Frames that ended since the last call, in that order: frame, container's activation, index,
        ``succeeded`` | ``failed`` | ``cancelled``. They can be asked about until the next ``take`` or
        ``settle`` after this call, and are kept until then. Frames end inside ``take`` too: call this before
        starting what it returned.
        """

    def frame(self, frame: int) -> tuple[int, int, int, str]:
        """Container's activation (-1 for the root), index among the frames of that attempt, scope, path."""

    def live_edges(self, activation: int) -> list[int]:
        """Live in-edges, as indexes of the scope's edges, in that order. What went live after the join had
        decided is left out.
        """

    def in_edges(self, activation: int) -> list[tuple[int, str]]:
        """All in-edges: index, ``unresolved`` | ``live`` | the reason it is dead."""

    def cancel(self, reason: str, now: float) -> list[int]:
        """Stops the run in all frames. Returns what still runs, every time; the first reason is kept. An
        ended run stays as it is, and what is to be compensated still is.
        """

    def drain(self, reason: str, now: float) -> None:
        """Lets no further body begin in any frame; what is ready, and what waits for a time or for its next
        attempt, is cancelled. What runs goes on, and is not told. A run of which nothing is left undone ends
        as it would have; otherwise it is ``cancelled`` for this reason, also if ``cancel`` follows.
        """

    def to_cancel(self) -> list[tuple[int, str]]:
        """Activations to stop, each told once per attempt: ``stopped``, ``timeout``, ``deadline``. Settle
        them as cancelled or, for the last two, as failed. The kernel stops frames of a container by
        itself, and ends one that only waited for them; a stage ``feed`` that was stopped because a frame
        failed is followed by ``resume``.
        """

    def next_timer(self) -> float | None:
        """When ``take`` should be called again although nothing settled."""

    def status(self) -> str | None:
        """None while anything is unsettled, else ``succeeded``, ``succeeded_degraded``, ``failed`` or
        ``cancelled``.
        """

    def state(self, activation: int) -> str:
        """``pending``, ``ready``, ``running``, ``waiting``, or what it settled with."""

    def states(self) -> list[tuple[str, float | None, float | None, str | None, int]]:
        """Per node of the root frame: state, started, settled, reason if skipped, attempts of its body."""

    def events(self) -> list[RunEvent]:
        """The events since the last call; none unless ``record_events``."""

    def take_seq(self) -> int:
        """The next ``seq``, for an event that the driver adds itself after publishing ``events()``."""

# --- HTTP ----------------------------------------------------------------------------------------

@final
class Mailbox:
    """Where completions arrive: one per event loop or blocking caller. Kernel threads never attach
    to Python; they write to a descriptor.
    """

    def __new__(cls) -> Mailbox: ...
    def fileno(self) -> int:
        """Readable while something waits; for ``loop.add_reader``."""

    def wait(self, timeout: float) -> bool:
        """Blocks with the GIL released until something arrives or ``timeout`` (at most 0.1) is over."""

    def drain(self, full: Sequence[int] | None = None) -> list[CallEvent]:
        """All that has arrived, in order, and clears the descriptor. What the ``full`` calls brought stays,
        and they pause, until a later ``drain`` without them.
        """

    def close(self) -> None:
        """Cancels every call that reports here."""

@final
class Egress:
    """A guard: where a call may go, and what it does about redirects. Without one a call goes wherever its
    URL says, and a redirect is a reply like others.

    Only http and https are spoken. Public addresses are reached; private, loopback, link-local, metadata,
    tunnelled and all other special ones only where ``allow`` lists them. All addresses of a host are checked,
    and the checked ones are connected to. What is refused is an EgressError.

    ``allow``: host names, ``*.name`` for all names below one, addresses, and networks (``10.0.0.0/8``). A
    listed name may have a private, loopback or CGNAT address; the other kinds are reached only where their
    own address or network is listed. ``only``: nothing else is reached, not even public hosts.
    ``secret_headers``: names of headers that, beside authorization, cookie and proxy-authorization, are not
    sent on to another origin. ``max_redirects``: 0 to 5; with 0 a redirect is a reply like others.
    ``proxy``: use the proxies that the environment names; they look names up themselves.
    """

    def __new__(
        cls,
        allow: Sequence[str] = ...,
        *,
        only: bool = False,
        secret_headers: Sequence[str] = ...,
        max_redirects: int = 5,
        proxy: bool = False,
    ) -> Egress: ...

@final
class Engine:
    """The HTTP engine of this process; cheap to make, the runtime starts with the first call."""

    def __new__(cls) -> Engine: ...
    def add_root_certificate(self, pem: bytes) -> None:
        """Trusts one more CA; before the first call, else ConfigError."""

    def limit(self, limiter: str, limits: ResourceLimits) -> None:
        """Sets the limits of a limiter; tightening them never cancels a call. The last one to set them
        counts, and a key that is left out gets its default; so it is with ``protect``.
        """

    def protect(self, resource: str, settings: ResourceProtection) -> None:
        """Sets the breaker and the retry budget of a resource; what they have counted stays."""

    def start(
        self,
        mailbox: Mailbox,
        resource: str,
        method: str,
        url: str,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        framing: str | None,
        idempotent: bool,
        tokens: int,
        deadline: float | None,
        policy: CallPolicy,
        egress: Egress | None = None,
        limiter: str | None = None,
        notices: bool = False,
    ) -> int:
        """Queues a call and returns its id at once. ``framing`` None: one whole reply; ``egress`` None: it
        may go anywhere.

        Calls of one ``resource`` share a breaker, a retry budget and counters; those of one ``limiter``
        share permits, rates and pauses. None: the limiter that has the resource's name. ``notices``: tells
        what the call meets on its way, as events ``notice``.
        """

    def ok(self, call: int, tokens: int) -> str | None:
        """Verdict: the reply is good; ``tokens`` were really used. Returns the state that the breaker came
        into by it (``closed``, after the last probe), None if it stayed.
        """

    def retry(self, call: int, kind: str, retry_after: float | None) -> tuple[int, str | None, str | None]:
        """Verdict: try again. ``kind``: ``rate_limited``, ``unavailable`` or ``malformed``. The limiter of a
        call that is ``rate_limited``, also by ``fail``, admits nothing for ``retry_after`` seconds.

        Returns attempts made and None when the kernel will try again, else why it will not
        (``attempts``, ``budget``, ``deadline``, ``retry_after``, ``not_idempotent``, ``delivered``,
        ``circuit``); then the call is over and the caller raises its own error, and the third is the state
        that the breaker came into by the verdict, as with ``ok``.
        """

    def fail(self, call: int, kind: str, retry_after: float | None = None) -> str | None:
        """Verdict: over. ``kind`` as for retry, or ``rejected`` (4xx: says nothing about the resource's
        health). Returns the state that the breaker came into by it, as ``ok`` does.
        """

    def cancel(self, call: int) -> None:
        """Ends a call, whatever its state, and closes its socket; no event follows."""

    def stats(self, resource: str) -> dict[str, float | int | str]:
        """``breaker`` (``closed``, ``open``, ``half_open``), ``retry_after`` (seconds until
        it lets a call through, or 0), ``calls``, ``failures``, ``retries``, ``in_flight``, ``queued``.
        """

    def limiter_stats(self, limiter: str) -> dict[str, float | int]:
        """``in_flight``, ``queued``, ``concurrency`` (may run), ``paused`` (seconds), ``shed`` (refused)."""

    def in_flight(self) -> int:
        """Calls that are not over."""

@final
class Rehearsal:
    """An engine that sends nothing: what becomes of its requests, and its time, are in the host's hands."""

    def __new__(cls, seed: int, wall: float) -> Rehearsal:
        """``seed`` drives all jitter; ``wall``: the time since 1970 at which its clock begins."""

    def engine(self) -> Engine:
        """Its engine."""

    def mailbox(self) -> Mailbox:
        """A mailbox for calls of its engine, and of no other."""

    def now(self) -> float:
        """Seconds since it was made, by its clock."""

    def calls(self) -> tuple[int, int]:
        """Calls that are not over, and how many of them wait for the host: for a verdict, or for room."""

    def run(self, limit: float) -> float:
        """Lets time pass until a mailbox holds something or a request has come, but at most ``limit``
        seconds. Returns how much passed: none, while something is there.
        """

    def requests(self) -> list[tuple[int, str, str, list[tuple[str, str]], bytes]]:
        """Requests that came since the last call: number, method, URL, headers, body."""

    def reply(
        self,
        number: int,
        head: bytes,
        body: bytes,
        repeat: int,
        piece: int,
        pause: float,
        stop: int | None,
        last: str,
    ) -> None:
        """Answers a request with HTTP/1.1 bytes, sent as ``testing.Reply`` says. ``last``: ``close``,
        ``reset`` or ``hang``. A request that is never answered runs into the connect time-out.
        """

    def refuse(self, number: int) -> None:
        """Refuses the connection for a request."""

    def fault(self, number: int, message: str) -> None:
        """Fails the call of a request with a ValidationError, without another attempt."""

def check_policy(policy: CallPolicy) -> None:
    """Raises what ``start`` would raise for this policy."""

def retry_after(headers: Sequence[tuple[str, str]], now: float) -> float | None:
    """Seconds to wait that the headers of a failed reply ask for, None if they say nothing.

    ``retry-after-ms``, then ``retry-after`` (seconds or a date), then the reset of each window of the
    ``ratelimit`` headers of which nothing is left, or which does not say what is left: a duration (``6m0s``),
    seconds, a point in time in seconds or milliseconds since the epoch, or a date. A past date is 0, what
    cannot be read is absent. ``now``: ``time.time()``; the reply's ``date`` wins.
    """

# --- JSON Schema ----------------------------------------------------------------------------------

@final
class Schema:
    """A JSON Schema, draft 2020-12. ValidationError (``field="schema"``) if the text is none, is above the
    bounds of ``check``, refers to another document, or holds a pattern that needs backtracking.
    """

    def __new__(cls, schema_json: str) -> Schema: ...
    def check(self, instance_json: str) -> list[tuple[str, str]]:
        """What is wrong with a JSON text: JSON pointer and description, at most 20; empty if it fits.

        More than 1 MiB, lists and objects more than 64 deep, and what is not JSON (``NaN`` for example) are
        faults of the whole, whose pointer is empty.
        """

# --- patterns -------------------------------------------------------------------------------------

@final
class Pattern:
    """A regular expression in the syntax of Rust's ``regex``: linear time, so no look-around and no back
    references. ValidationError (``field="pattern"``) if it is none, or longer than 1,000 bytes, or needs too
    much memory.
    """

    def __new__(cls, pattern: str) -> Pattern: ...
    @property
    def states(self) -> int:
        """What a search costs at most is proportional to these times the bytes of the text."""

    def is_match(self, text: str) -> bool:
        """Whether it is found anywhere in ``text``; ValidationError above 1 MiB of UTF-8."""

# --- text ----------------------------------------------------------------------------------------

Span: TypeAlias = tuple[int, int]
"""Start and end, in characters.

A size below 1 and an overlap that is negative or not less than the size are a ValidationError."""

def split_characters(text: str, size: int, overlap: int) -> list[Span]:
    """Windows of ``size`` characters; each starts ``overlap`` before the end of the one before it. A
    grapheme cluster is not cut unless it alone is longer than ``size``; to keep one whole a window ends
    earlier, and the overlap is smaller.
    """

def split_recursive(text: str, size: int, overlap: int, separators: Sequence[str]) -> list[Span]:
    """Pieces between the coarsest separators that make them fit, merged up to ``size``.

    ``separators`` go from coarse to fine; an empty one, or their end, cuts between grapheme clusters. A
    separator stays at the end of the piece before it. Spans have no white space around them and none is
    longer than ``size``; together they hold all other characters. The next span starts at the earliest
    seam at most ``overlap`` characters before the end of the one before, if it reaches further than that
    one: at a piece, else inside the last piece after a finer separator (for an empty one: at a word).
    """

def sentences(text: str) -> list[Span]:
    """Sentences by UAX 29, trimmed; an empty line ends one, and so do 128 characters without a letter."""

def words(text: str) -> list[Span]:
    """Words by UAX 29: what lies between two word boundaries and holds a letter or digit."""
