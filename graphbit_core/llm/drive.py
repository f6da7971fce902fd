"""Runs an exchange over the kernel: once for blocking callers, once for event loops."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Sequence
from typing import Any

from graphbit_core.errors import ValidationError
from graphbit_core.kernel.calls import BlockingCall, CallSpec, LoopCall, engine
from graphbit_core.llm.exchange import Exchange, Verdict
from graphbit_core.types.messages import Delta


def run(spec: CallSpec, exchange: Exchange[Any]) -> Generator[Sequence[Delta]]:
    """Yields deltas as they arrive, until the exchange is over. Closing the generator cancels the call."""
    call = BlockingCall(spec)
    try:
        while not exchange.over:
            for kind, payload in call.receive():
                deltas, verdict = exchange.feed(kind, payload)
                if verdict is not None:
                    _tell_kernel(call.id, exchange, verdict)
                if deltas:
                    yield deltas
                if exchange.over:
                    break
    finally:
        call.close()


async def run_async(spec: CallSpec, exchange: Exchange[Any]) -> AsyncGenerator[Sequence[Delta]]:
    """As ``run``, on the running event loop."""
    call = LoopCall(spec)
    try:
        while not exchange.over:
            for kind, payload in await call.receive():
                deltas, verdict = exchange.feed(kind, payload)
                if verdict is not None:
                    _tell_kernel(call.id, exchange, verdict)
                if deltas:
                    yield deltas
                if exchange.over:
                    break
    finally:
        call.close()


def _tell_kernel(call: int, exchange: Exchange[Any], verdict: Verdict) -> None:
    again = False
    try:
        if verdict.action == "ok":
            engine().ok(call, verdict.tokens)
        elif verdict.action == "fail":
            engine().fail(call, verdict.kind)
        else:
            _, refusal = engine().retry(call, verdict.kind, verdict.retry_after)
            again = refusal is None
    except ValidationError:
        # No verdict is due: the stream broke while a frame of it was being refused, and the call is over.
        if verdict.action == "ok":
            raise
    exchange.judged(again=again)
