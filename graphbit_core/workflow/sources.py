"""Generators that containers read from: closed when nobody reads on, so that they clean up within the run."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Iterable
from typing import Any

_logger = logging.getLogger("graphbit.workflow")


async def close_sources(sources: Iterable[Any], seconds: float) -> None:
    """Closes generators, plain and async, within ``seconds``; whatever else is left as it is."""
    closing = []
    for source in sources:
        if inspect.isasyncgen(source):
            closing.append(asyncio.ensure_future(source.aclose()))
        elif inspect.isgenerator(source) and not source.gi_running:  # else a thread is in it
            _close(source)
    if not closing:
        return
    done, late = await asyncio.wait(closing, timeout=seconds)
    for task in done:
        if (error := task.exception()) is not None:
            _say(error)
    for task in late:
        task.cancel()


def _close(source: Any) -> None:
    try:
        source.close()
    except Exception as error:  # noqa: BLE001 - the run is over; its clean-up went wrong, and that is said
        _say(error)


def _say(error: BaseException) -> None:
    _logger.warning("a stream that a container read could not be closed", exc_info=error)
