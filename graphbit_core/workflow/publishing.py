"""Where a run's events go: to whoever streams it, and to what plugins subscribed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from graphbit_core.host.faults import hook_failed

if TYPE_CHECKING:
    from graphbit_core.host import Host
    from graphbit_core.host.records import Origin
    from graphbit_core.types.events import Event

Subscriber = Callable[["Event"], None]
_HOOK = "graphbit_subscribe_events"


class Publisher:
    """Hands each event to every reader. A plugin's subscriber that raises gets no more of this run."""

    def __init__(
        self, host: Host, reader: Subscriber | None, subscribers: Sequence[tuple[Origin, Subscriber]]
    ) -> None:
        self._reporter = host.reporter
        self._reader = reader
        self._subscribers = list(subscribers)

    def __call__(self, event: Event) -> None:
        """Hands over one event."""
        if self._reader is not None:
            self._reader(event)
        for entry in list(self._subscribers):
            origin, subscriber = entry
            # Not reporter.guarded: telling Ctrl-C from an error of its own costs more than the event.
            try:
                subscriber(event)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - reported, and the run goes on
                self._subscribers.remove(entry)
                failure = hook_failed(origin, f"{_HOOK} at {event.type}", error)
                failure.__cause__ = error
                self._reporter.report(failure)


def publisher(host: Host, reader: Subscriber | None) -> Publisher | None:
    """A publisher, or None where nobody listens."""
    subscribers = host.call_each(_HOOK)
    return Publisher(host, reader, subscribers) if reader is not None or subscribers else None
