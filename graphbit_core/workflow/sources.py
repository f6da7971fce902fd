"""Generators that containers read from: closed when nobody reads on, so that they clean up within the run."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Generator, Iterable
from typing import Any

_logger = logging.getLogger("graphbit.workflow")


async def close_sources(sources: Iterable[Any], seconds: float) -> None:
    """Closes generators, plain and async, within ``seconds``; whatever else is left as it is."""
    closing = []
    for source in sources:
        if inspect.isasyncgen(source):
            closing.append(asyncio.ensure_future(source.aclose()))
        elif inspect.isgenerator(source) and not source.gi_running:  # else a thread is in it
            closing.append(asyncio.ensure_future(_close(source)))
    if not closing:
        return
    done, late = await asyncio.wait(closing, timeout=seconds)
    for task in done:
        if (error := task.exception()) is not None:
            _logger.warning("a stream that a container read could not be closed", exc_info=error)
    for task in late:
        task.cancel()


async def _close(source: Generator[Any, Any, Any]) -> None:
    source.close()
