"""Calling a function in a child process, from a coroutine or from any thread."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from graphbit_core.processes.call import Call, Limits
from graphbit_core.processes.pool import pool
from graphbit_core.workers import Outcome, workers

_REAP_SECONDS = 1.0
"""How long a cancelled caller waits for the end of a child that was killed; a thread goes on waiting."""


async def run_in_process(
    target: str, positional: Sequence[Any] = (), keywords: Mapping[str, Any] = {}, limits: Limits = Limits()
) -> Any:
    """Calls a function in a child process; cancelling it kills the child and all that the child started.

    Arguments and result travel as JSON, bytes, or our own documents; tuples arrive as lists. A coroutine
    function is run to its end there. The child starts with this process's ``sys.path``, folder and
    environment. Healthy children are used again, so a function may find modules, and what they hold, as an
    earlier function left them. What the function prints is not shown; the end of it is in errors.

    Args:
        target: ``package.module:function``.
        positional: Arguments by place.
        keywords: Arguments by name.
        limits: How long it may take and what it may use.

    Raises:
        ValidationError: The target is not such a name, or an argument cannot travel.
        ProcessError: The function raised, returned what cannot travel, or its process ended.
        DeadlineError: It did not end in time and was killed.
        ResourceExhaustedError: It ran out of memory, or its result is too large.
        ConfigError: This system is neither Linux nor macOS.
    """
    call = Call(target, positional, keywords, limits)
    permit = pool.permit()
    try:
        await asyncio.wrap_future(permit)
    except BaseException:
        pool.give_up(permit)
        raise
    done: Future[Outcome] = Future()

    def ended(outcome: Outcome) -> None:
        pool.release()
        done.set_result(outcome)

    try:
        workers.submit(call.run, ended)
    except BaseException:  # there is no thread to be had
        pool.release()
        raise
    waiter = asyncio.wrap_future(done)
    try:
        value, error = await asyncio.shield(waiter)
    except BaseException as reason:
        call.kill()
        if isinstance(reason, asyncio.CancelledError):  # a coroutine that is thrown away cannot wait
            await asyncio.wait([waiter], timeout=_REAP_SECONDS)
        raise
    if error is not None:
        raise error
    return value


def call_in_process(
    target: str, positional: Sequence[Any] = (), keywords: Mapping[str, Any] = {}, limits: Limits = Limits()
) -> Any:
    """As ``run_in_process``, for a thread, which waits."""
    call = Call(target, positional, keywords, limits)
    permit = pool.permit()
    try:
        permit.result()
    except BaseException:
        pool.give_up(permit)
        raise
    try:
        return call.run()
    finally:
        pool.release()
