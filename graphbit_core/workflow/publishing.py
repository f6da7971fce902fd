"""Where a run's events go: to whoever streams it, and to what plugins subscribed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphbit_core.host import Host
    from graphbit_core.workflow.result import Event

Subscriber = Callable[["Event"], None]
logger = logging.getLogger("graphbit")


class Publisher:
    """Hands each event to every reader. A plugin's subscriber that raises is dropped for this run."""

    def __init__(self, reader: Subscriber | None, subscribers: Sequence[Subscriber]) -> None:
        self._reader = reader
        self._subscribers = list(subscribers)

    def __call__(self, event: Event) -> None:
        """Hands over one event."""
        if self._reader is not None:
            self._reader(event)
        for subscriber in list(self._subscribers):
            try:
                subscriber(event)
            except Exception:
                self._subscribers.remove(subscriber)
                logger.exception(
                    "a subscriber to events raised at %s; it gets no more of this run", event.type
                )


def publisher(host: Host, reader: Subscriber | None) -> Publisher | None:
    """A publisher, or None where nobody listens."""
    subscribers = [s for s in host.call("graphbit_subscribe_events") if s is not None]
    return Publisher(reader, subscribers) if reader is not None or subscribers else None
