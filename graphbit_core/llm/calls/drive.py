"""Runs an exchange over the kernel: once for blocking callers, once for event loops."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

from graphbit_core.errors import ValidationError
from graphbit_core.kernel.calls import BlockingCall, CallGroup, CallSpec, Event, LoopCall, engine
from graphbit_core.llm.calls.exchange import Answer, Exchange, Verdict
from graphbit_core.types.messages import Delta

A = TypeVar("A", bound=Answer)


class BlockingRun(Generic[A]):
    """A call in progress, for a blocking caller. Close it, whatever happened."""

    def __init__(self, spec: CallSpec, exchange: Exchange[A]) -> None:
        self._exchange = exchange
        self._call = BlockingCall(spec)

    def receive(self) -> Sequence[Delta] | A:
        """The next deltas or, last, the answer. Raises what ended the call."""
        while not self._exchange.over:
            deltas = _digest(self._call.id, self._exchange, self._call.receive())
            if deltas:
                return deltas
        return self._exchange.result()

    def close(self) -> None:
        """Ends the call if it is not over, and closes its socket."""
        self._call.close(over=self._exchange.over)


class GroupRun(Generic[A]):
    """A call in progress, one of a group's. Close it, whatever happened."""

    def __init__(self, group: CallGroup, spec: CallSpec, exchange: Exchange[A]) -> None:
        self._exchange = exchange
        self._call = group.start(spec)

    def receive(self) -> Sequence[Delta] | A:
        """The deltas that are there, perhaps none or, last, the answer. Raises what ended the call."""
        exchange = self._exchange
        if not exchange.over:
            deltas = _digest(self._call.id, exchange, self._call.receive())
            if deltas or not exchange.over:
                return deltas
        return exchange.result()

    def close(self) -> None:
        """As BlockingRun's."""
        self._call.close(over=self._exchange.over)


class LoopRun(Generic[A]):
    """A call in progress, on the running event loop. Close it, whatever happened."""

    def __init__(self, spec: CallSpec, exchange: Exchange[A]) -> None:
        self._exchange = exchange
        self._call = LoopCall(spec)

    async def receive(self) -> Sequence[Delta] | A:
        """As BlockingRun's."""
        while not self._exchange.over:
            deltas = _digest(self._call.id, self._exchange, await self._call.receive())
            if deltas:
                return deltas
        return self._exchange.result()

    def close(self) -> None:
        """As BlockingRun's."""
        self._call.close(over=self._exchange.over)


def _digest(call: int, exchange: Exchange[A], events: Iterable[Event]) -> Sequence[Delta]:
    """Feeds ``events`` to the exchange, tells the kernel its verdicts, and returns the deltas."""
    found: list[Delta] = []
    for kind, payload in events:
        deltas, verdict = exchange.feed(kind, payload)
        found.extend(deltas)
        if verdict is not None:
            again, state = _tell_kernel(call, verdict)
            exchange.judged(again=again)
            if state is not None:
                wait = float(engine().stats(exchange.resource)["retry_after"])
                exchange.breaker_changed(state, wait or None)
        if exchange.over:
            break
    return found


def _tell_kernel(call: int, verdict: Verdict) -> tuple[bool, str | None]:
    """Passes the verdict on. Whether the kernel tries again, and the state the breaker came into, if so."""
    if verdict.action == "ok":
        return False, engine().ok(call, verdict.tokens)
    try:
        if verdict.action == "fail":
            return False, engine().fail(call, verdict.kind, verdict.retry_after)
        _, refusal, state = engine().retry(call, verdict.kind, verdict.retry_after)
    except ValidationError:
        # The stream broke while a frame of it was being refused: the call is over, no verdict is due.
        return False, None
    return refusal is None, state
