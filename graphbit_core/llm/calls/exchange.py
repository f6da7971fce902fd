"""One call of a model API as a state machine: the kernel's events in, verdicts out. No loop, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal, Protocol, TypeVar

from graphbit_core.clock import clock
from graphbit_core.errors import (
    DecodeError,
    GraphBitError,
    InternalError,
    ProviderError,
    RateLimitError,
    StreamInterruptedError,
    UnavailableError,
)
from graphbit_core.llm.calls.reply_errors import add_header_facts, is_retryable
from graphbit_core.llm.redact import redact_error
from graphbit_core.types.http import Frame, HttpResponse
from graphbit_core.types.messages import ChatResponse, Delta, Usage

Observe = Callable[[str, Mapping[str, Any]], None]
"""Told what happens to a call: a type such as ``resource.limited``, and its facts."""


@dataclass(slots=True)  # made for every call; a frozen one takes three times as long
class Verdict:
    """What the kernel is told about an attempt; ``kind`` as in ``_native.Engine``."""

    action: Literal["ok", "retry", "fail"]
    kind: str = ""
    retry_after: float | None = None
    tokens: int = 0


class Answer(Protocol):
    """What a codec decodes; both chat responses and vectors are."""

    @property
    def usage(self) -> Usage:
        """Tokens used."""
        ...


A = TypeVar("A", bound=Answer)
A_co = TypeVar("A_co", bound=Answer, covariant=True)


class Decoder(Protocol[A_co]):
    """A codec's stream decoder."""

    def feed(self, frame: Frame) -> Sequence[Delta]:
        """The deltas in ``frame``."""
        ...

    def finish(self) -> A_co:
        """The complete answer."""
        ...


@dataclass(frozen=True, slots=True)
class Dialect(Generic[A]):
    """The reading half of a codec. ``decoder`` is None where one whole reply is asked for."""

    decode: Callable[[HttpResponse], A]
    error: Callable[[HttpResponse], ProviderError]
    decoder: Callable[[], Decoder[A]] | None = None


@dataclass(slots=True)
class Origin:
    """Whose call it is: the facts that every error gets, and what no error may show.

    ``secrets`` is asked only when there is an error to sign; ``resource`` names the account.
    """

    provider: str
    model: str
    secrets: Callable[[], Sequence[str]] = field(default=tuple, repr=False)
    resource: str = ""

    def sign(self, error: GraphBitError) -> None:
        """Redacts ``error`` and fills in its provider and model."""
        redact_error(error, self.secrets())
        for name in ("provider", "model"):
            if name in error._facts and getattr(error, name) is None:
                setattr(error, name, getattr(self, name))


SHOWN = ("text", "refusal")
"""Kinds of deltas whose texts, joined, are the text of the answer."""


class Exchange(Generic[A]):
    """State of one call. ``feed`` events until ``over``, then ask for ``result()``.

    After ``feed`` returns a verdict, pass it to the kernel, and what the kernel says to ``judged`` and
    ``breaker_changed``.
    """

    def __init__(self, dialect: Dialect[A], origin: Origin, observe: Observe | None = None) -> None:
        self.over = False
        self.resource = origin.resource
        self._dialect = dialect
        self._origin = origin
        self._observe = observe
        self._decoder: Decoder[A] | None = None
        self._brought: list[Sequence[Delta]] = []
        self._judged = False
        self._attempts: int | None = None
        self._answer: A | None = None
        self._error: GraphBitError | None = None

    def feed(self, kind: str, payload: Any) -> tuple[Sequence[Delta], Verdict | None]:
        """Takes one event; returns the deltas it brought and, at the end of an attempt, the verdict."""
        if self._judged and kind in ("frames", "end"):
            return (), None  # of the attempt before: it had arrived when the verdict was given
        if kind == "frames":
            return self._frames(payload)
        if kind in ("open", "reply", "restart"):
            self._attempts = payload[0]
        if kind == "reply":
            verdict = self._reply(payload)
            answer: object = self._answer
            if self._dialect.decoder is not None and isinstance(answer, ChatResponse):
                return as_deltas(answer), verdict
            return (), verdict
        if kind == "end":
            return (), self._end()
        if kind == "open" and self._dialect.decoder is not None:
            self._decoder = self._dialect.decoder()
        elif kind == "restart":
            return self._restart(payload[0]), None
        elif kind == "notice":
            if self._observe is not None:
                self._observe(*payload)
        elif kind == "failed":
            self._fail(payload)
            self.over = True
        else:
            raise InternalError(f"the kernel sent an event that this call does not expect: {kind}")
        return (), None

    def judged(self, *, again: bool) -> None:
        """What the kernel made of the verdict: whether it tries again."""
        self.over = not again
        self._judged = again

    def breaker_changed(self, state: str, retry_after: float | None) -> None:
        """What the verdict did to the breaker; that of an attempt to be made again comes as an event."""
        if self._observe is not None:
            facts = {"resource": self.resource, "state": state, "retry_after": retry_after}
            self._observe("resource.breaker", facts)

    def result(self) -> A:
        """The answer. Raises the error that ended the call."""
        if self._answer is not None:
            return self._answer
        raise self._error or InternalError("the call is not over")

    def _reply(self, payload: tuple[int, int, Iterable[tuple[str, str]], bytes]) -> Verdict:
        _, status, headers, body = payload
        response = HttpResponse(status, dict(headers), body)
        try:
            if not 200 <= status < 300:
                raise self._dialect.error(response)
            return self._good(self._dialect.decode(response))
        except (ProviderError, DecodeError) as error:
            if isinstance(error, ProviderError):
                add_header_facts(error, response.headers, clock().wall())
            elif error.status is None:
                error.status = status
            return self._fail(error)

    def _restart(self, attempt: int) -> Sequence[Delta]:
        """Forgets what the attempt before brought; who has seen some of it gets a delta that says so."""
        if self._observe is not None:
            error = self._error
            reason = "no whole reply came" if error is None else f"{type(error).__name__}: {error.message}"
            self._observe("llm.restarted", {"attempt": attempt, "reason": reason})
        void = (Delta("restart", ""),) if any(self._brought) else ()
        self._decoder, self._brought, self._judged, self._error = None, [], False, None
        return void

    def _frames(self, frames: Iterable[tuple[str, str]]) -> tuple[Sequence[Delta], Verdict | None]:
        if self._decoder is None:
            raise InternalError("the kernel sent frames before the head of the reply")
        deltas: list[Delta] = []
        self._brought.append(deltas)
        feed, add = self._decoder.feed, deltas.extend
        try:
            for event, data in frames:
                add(feed(Frame(data, event)))
        except (ProviderError, DecodeError) as error:
            return deltas, self._fail(error)
        return deltas, None

    def _end(self) -> Verdict:
        if self._decoder is None:
            raise InternalError("the kernel ended a stream that it never opened")
        try:
            return self._good(self._decoder.finish())
        except (ProviderError, DecodeError, StreamInterruptedError) as error:
            return self._fail(error)

    def _good(self, answer: A) -> Verdict:
        self._answer = answer
        return Verdict("ok", tokens=answer.usage.total_tokens)

    def _fail(self, error: GraphBitError) -> Verdict:
        if isinstance(error, StreamInterruptedError) and error.partial is None:
            error.partial = "".join(
                delta.text for deltas in self._brought for delta in deltas if delta.kind in SHOWN
            )
        self._origin.sign(error)
        if "attempts" in error._facts and error.attempts is None:  # type: ignore[attr-defined]
            error.attempts = self._attempts  # type: ignore[attr-defined]
        self._error = error
        return verdict_on(error)


def as_deltas(answer: ChatResponse) -> Sequence[Delta]:
    """A whole answer in the shape of a stream, for servers and providers that do not stream."""
    text = (Delta("text", answer.text),) if answer.text else ()
    calls = (
        Delta("tool_call", c.arguments, i, replace(c, arguments="")) for i, c in enumerate(answer.tool_calls)
    )
    return (*text, *calls)


def verdict_on(error: GraphBitError) -> Verdict:
    """What an error of a codec says about the attempt, and whether another one may help."""
    if not isinstance(error, ProviderError):
        return Verdict("retry", "malformed")
    if isinstance(error, RateLimitError):
        kind = "rate_limited"
    elif isinstance(error, UnavailableError):
        kind = "unavailable"
    else:
        kind = "rejected"
    return Verdict("retry" if is_retryable(error) else "fail", kind, error.retry_after)
