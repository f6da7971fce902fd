"""Opens a connection before it is needed, so that the first call does not wait for TCP and TLS.

The client library connects only on behalf of a request, so one is sent: HEAD for the root of the host,
without credentials. Whatever the host answers, the connection is in the pool then.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from urllib.parse import urlsplit

from graphbit_core.errors import DeadlineError, GraphBitError, InternalError, TransportError
from graphbit_core.kernel.calls import BlockingCall, CallGroup, CallSpec, Event, LoopCall, engine
from graphbit_core.types.http import HttpRequest

_TIMEOUT = 10.0


def warm(url: str, timeout: float = _TIMEOUT) -> None:
    """Connects to the host of ``url`` within ``timeout`` seconds; the connection is kept for about 30.

    Raises:
        TransportError: No connection could be made.
        DeadlineError: It took too long.
    """
    call = BlockingCall(_spec(url, timeout))
    try:
        _check(call.id, call.receive())
    finally:
        call.close()


async def warm_async(url: str, timeout: float = _TIMEOUT) -> None:
    """As ``warm``, on the running event loop."""
    call = LoopCall(_spec(url, timeout))
    try:
        _check(call.id, await call.receive())
    finally:
        call.close()


def warm_all(urls: Iterable[str], timeout: float = _TIMEOUT) -> dict[str, GraphBitError]:
    """As ``warm``, for several at once. Returns the errors by URL."""
    found: dict[str, GraphBitError] = {}
    group = CallGroup()
    try:
        waiting = {}
        for url in dict.fromkeys(urls):
            group.owner = url
            waiting[url] = group.start(_spec(url, timeout))
        while waiting:
            for url in group.wait():
                call = waiting.pop(url)
                try:
                    _check(call.id, call.receive())
                except (TransportError, DeadlineError) as error:
                    found[url] = error
                finally:
                    call.close()
    finally:
        group.close()
    return found


async def warm_all_async(urls: Iterable[str], timeout: float = _TIMEOUT) -> dict[str, GraphBitError]:
    """As ``warm_all``, on the running event loop."""
    found: dict[str, GraphBitError] = {}

    async def reach(url: str) -> None:
        try:
            await warm_async(url, timeout)
        except (TransportError, DeadlineError) as error:
            found[url] = error

    async with asyncio.TaskGroup() as group:
        for url in dict.fromkeys(urls):
            group.create_task(reach(url))
    return found


def _spec(url: str, timeout: float) -> CallSpec:
    parts = urlsplit(url)
    host = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    # A resource of its own: a host that refuses HEAD says nothing about its models.
    return CallSpec(
        f"warm-up {host}",
        HttpRequest("HEAD", f"{host}/"),
        deadline=time.monotonic() + timeout,
        policy={"max_attempts": 1},
    )


def _check(call: int, events: list[Event]) -> None:
    kind, payload = events[0]
    if kind == "failed":
        raise payload
    if kind != "reply":
        raise InternalError(f"the kernel sent an event that a HEAD request does not have: {kind}")
    engine().ok(call, 0)
