"""The kernel. Only ``graphbit_core.kernel`` imports this module.

Objects refuse to work in a forked child (ForkError). A panic of the kernel arrives as InternalError.
Times called ``now`` and ``deadline`` are seconds of the monotonic clock (``time.monotonic``).
"""

from collections.abc import Sequence
from typing import Any, TypeAlias, final

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

PlanNode: TypeAlias = tuple[str, str, float | None]
"""Id, node type (for its admission limit), and the seconds of a delay node (None: a Python body)."""

PlanEdge: TypeAlias = tuple[int, int, str | None]
"""From and to, as indexes of nodes; the label of a conditional edge (None: an ordinary edge)."""

PlanFinding: TypeAlias = tuple[str, int | None, str]
"""Code (``cycle``, ``duplicate_id``, ``duplicate_edge``, ``self_edge``, ``disconnected``,
``unknown_node``, ``invalid_delay``), index of the node, and detail: for a cycle its ids joined by
`` -> ``. Nodes are independent steps in a graph without edges; beside edges, a node that none touches
is ``disconnected``. Two edges between the same nodes need different labels."""

def check_graph(nodes: Sequence[PlanNode], edges: Sequence[PlanEdge]) -> list[PlanFinding]:
    """Every structural fault, in order of node; an empty list means that Plan() will succeed."""

@final
class Plan:
    """A validated graph, shared by any number of runs. ValidationError if check_graph finds faults."""

    def __new__(cls, nodes: Sequence[PlanNode], edges: Sequence[PlanEdge]) -> Plan: ...
    def order(self) -> list[int]:
        """Indexes in topological order, ties by declaration."""

    def ancestors(self, node: int) -> list[int]:
        """All nodes from which ``node`` can be reached, in topological order."""

Settlement: TypeAlias = tuple[int, str, Sequence[str] | None, str | None]
"""Activation (the index of its node), ``succeeded`` | ``failed`` | ``cancelled``, the ids or labels
chosen (None: all out-edges go live; an edge is chosen by its label or its target), and for a failure
its text for the event stream."""

RunEvent: TypeAlias = tuple[int, float, str, int | None, dict[str, str | int | float]]
"""``seq`` (gapless, from 0), ``now``, type, node index, data.

Types and their data: ``run.started``, ``run.succeeded``, ``run.failed``, ``run.cancelled`` (``reason`` if
``cancel`` ended it); ``node.ready``, ``node.started``, ``node.succeeded``, ``node.failed`` (``error``),
``node.skipped`` (``reason``), ``node.cancelled``; ``edge.live`` and ``edge.dead`` (``source`` and ``target``,
ids; ``label`` if it has one; a dead one's ``reason``), whose node is the source; ``timer.started``
(``seconds``), ``timer.fired``."""

@final
class Run:
    """The state machine of one run: counters, edges, timers, permits. It never calls Python.

    ``max_concurrency`` limits activations that run; ``type_limits`` does so per node type;
    ``on_error`` is ``fail_fast`` (stop admission, what runs is to be cancelled), ``drain`` (stop
    admission, let what runs end) or ``continue`` (independent branches go on).

    A node runs once all its edges are resolved, if one is live and none comes from a failure or a
    cancellation; otherwise it is skipped with the reason of its dead edges: ``upstream_failed`` and
    ``cancelled`` (also several steps below), else ``not_chosen``, else ``upstream_skipped``. What the first
    failure or cancellation was decides how the run ends. A limit below 1 and an unknown ``on_error`` are
    a ValidationError.
    """

    def __new__(cls, plan: Plan, max_concurrency: int, type_limits: dict[str, int], on_error: str) -> Run: ...
    def start(self, now: float) -> None:
        """Makes the first nodes ready."""

    def take(self, now: float) -> list[int]:
        """Activations with a Python body that start now, in order of admission. Due delays settle and
        new ones start inside.
        """

    def settle(self, settlements: Sequence[Settlement], now: float) -> list[tuple[int, str]]:
        """Ends activations, once each; a second settlement of one is ignored (a late abandoned body).

        Returns the activations that failed because they chose what none of their edges leads to, each
        with the text of its error. ValidationError if one has not started; then none is settled.
        """

    def live_parents(self, node: int) -> list[int]:
        """Predecessors whose edge to ``node`` is live, in edge order, each once."""

    def cancel(self, reason: str, now: float) -> list[int]:
        """Stops admission, cancels what is ready and all delays; what depends on them is skipped. Returns
        what still runs, every time; the first reason is kept. An ended run stays as it is.
        """

    def to_cancel(self) -> list[int]:
        """Running activations that a failure under ``fail_fast`` asks to cancel; each is told once."""

    def next_timer(self) -> float | None:
        """When ``take`` should be called again although nothing settled."""

    def status(self) -> str | None:
        """None while anything is unsettled, else ``succeeded``, ``failed`` or ``cancelled``."""

    def state(self, node: int) -> str:
        """The state of one node: ``pending``, ``ready``, ``running``, ``waiting``, or one it settled with."""

    def states(self) -> list[tuple[str, float | None, float | None, str | None]]:
        """Per node: state, time it started, time it settled, and for ``skipped`` the edge's reason."""

    def events(self) -> list[RunEvent]:
        """The events since the last call."""

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

CallEvent: TypeAlias = tuple[int, str, Any]
"""Call id, kind, payload:

``reply``    (attempt, status, headers as list of pairs, body): a whole reply; a verdict is due. Also a
             streaming call gets this when the status is not 2xx, or when the body of an ``sse`` call
             is ``application/json``.
``open``     (attempt, status, headers): a streaming call has a 2xx head.
``frames``   list of (event name, data): frames since the last drain. Nothing is retried from here on.
``end``      (attempt,): the streamed body ended as HTTP says it should; a verdict is due.
``restart``  (attempt,): the kernel starts attempt n > 1; what an earlier one delivered is void.
``failed``   the exception, built by the kernel, with its facts; the call is over.
"""

CallPolicy: TypeAlias = dict[str, float | int]
"""Keys, all optional: ``connect_timeout`` (10), ``first_byte_timeout`` (60), ``idle_timeout`` (60,
between bytes), ``progress_timeout`` (120, between frames; comments are not progress),
``attempt_timeout`` (600), seconds; ``max_attempts`` (3), ``backoff_base`` (0.5), ``backoff_cap`` (30),
``max_retry_after`` (120), ``max_body`` (32 MiB, after decompression), ``max_frame`` (4 MiB)."""

ResourceLimits: TypeAlias = dict[str, float | int]
"""Keys, all optional: ``max_concurrency`` (256), ``requests_per_minute``, ``tokens_per_minute`` (none),
``queue`` (10,000 waiting calls)."""

@final
class Engine:
    """The HTTP engine of this process; cheap to make, the runtime starts with the first call."""

    def __new__(cls) -> Engine: ...
    def add_root_certificate(self, pem: bytes) -> None:
        """Trusts one more CA; before the first call, else ConfigError."""

    def limit(self, resource: str, limits: ResourceLimits) -> None:
        """Sets the limits of a resource; tightening them never cancels a call."""

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
    ) -> int:
        """Queues a call and returns its id at once. ``framing`` None: one whole reply."""

    def ok(self, call: int, tokens: int) -> None:
        """Verdict: the reply is good; ``tokens`` were really used."""

    def retry(self, call: int, kind: str, retry_after: float | None) -> tuple[int, str | None]:
        """Verdict: try again. ``kind``: ``rate_limited``, ``unavailable`` or ``malformed``.

        Returns attempts made and None when the kernel will try again, else why it will not
        (``attempts``, ``budget``, ``deadline``, ``retry_after``, ``not_idempotent``, ``delivered``,
        ``circuit``); then the call is over and the caller raises its own error.
        """

    def fail(self, call: int, kind: str) -> int:
        """Verdict: over. ``kind`` as for retry, or ``rejected`` (4xx: says nothing about the resource's
        health). Returns the attempts made.
        """

    def cancel(self, call: int) -> None:
        """Ends a call, whatever its state, and closes its socket; no event follows."""

    def stats(self, resource: str) -> dict[str, float | int | str]:
        """``breaker`` (``closed``, ``open``, ``half_open``), ``calls``, ``failures``, ``retries``,
        ``in_flight``, ``queued``.
        """

    def in_flight(self) -> int:
        """Calls that are not over."""

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
    """Sentences by UAX 29, without the white space around them; a single newline does not end one, an
    empty line does, and so do 128 characters in a row without a letter or digit.
    """

def words(text: str) -> list[Span]:
    """Words by UAX 29: what lies between two word boundaries and holds a letter or digit."""
