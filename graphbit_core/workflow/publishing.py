"""Where a run's events go: to whoever streams it, to the executor's subscribers, and to those of plugins."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from graphbit_core.host.faults import hook_failed

if TYPE_CHECKING:
    from graphbit_core.host import Host
    from graphbit_core.host.records import Origin
    from graphbit_core.types.events import Event

Subscriber = Callable[["Event"], None]
_HOOK = "graphbit_subscribe_events"
_logger = logging.getLogger("graphbit.workflow")


class Publisher:
    """Hands each event to every reader. A subscriber that raises is reported and gets no more of this run."""

    def __init__(
        self, host: Host, reader: Subscriber | None, subscribers: Sequence[tuple[Origin | None, Subscriber]]
    ) -> None:
        self._reporter = host.reporter
        self._reader = reader
        self._subscribers = list(subscribers)

    def __call__(self, event: Event) -> None:
        """Hands over one event."""
        if self._reader is not None:
            self._reader(event)
        for entry in list(self._subscribers):
            # Not reporter.guarded: telling Ctrl-C from an error of its own costs more than the event.
            try:
                entry[1](event)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - reported, and the run goes on
                self._subscribers.remove(entry)
                self._report(entry, event, error)

    def _report(self, entry: tuple[Origin | None, Subscriber], event: Event, error: BaseException) -> None:
        origin, subscriber = entry
        if origin is None:
            said = "the executor's subscriber %r failed at %s and gets no more events of run %s"
            _logger.warning(said, subscriber, event.type, event.run_id, exc_info=error)
            return
        failure = hook_failed(origin, f"{_HOOK} at {event.type}", error)
        failure.__cause__ = error
        self._reporter.report(failure)


def publisher(host: Host, reader: Subscriber | None, own: Sequence[Subscriber] = ()) -> Subscriber | None:
    """What takes the events of a run; None where nobody listens.

    Args:
        host: Its plugins may have subscribed.
        reader: Who streams the run.
        own: The executor's subscribers.
    """
    subscribers = [*((None, one) for one in own), *host.call_each(_HOOK)]
    return Publisher(host, reader, subscribers) if subscribers else reader
