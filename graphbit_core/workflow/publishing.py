"""Where a run's events go: to whoever streams it, to the executor's subscribers, and to those of plugins."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from graphbit_core.host.faults import hook_failed
from graphbit_core.types.subscriptions import Subscription, subscription

if TYPE_CHECKING:
    from graphbit_core.host import Host
    from graphbit_core.host.records import Origin
    from graphbit_core.types.events import Event

_HOOK = "graphbit_subscribe_events"
_PIECES = "llm.delta"
_logger = logging.getLogger("graphbit.workflow")
_Entry = tuple["Origin | None", Subscription]


class Publisher:
    """Hands each event to whoever wants it. Subscribers that raise are reported and get no more of this run.

    Args:
        host: Reports what fails.
        reader: Who streams the run. It is given all events, as readers that come later may want others.
        subscribers: Who else listens, and whose plugin it is; None: the executor's own.

    Attributes:
        publish: Hands over one event.
        wants: Whether anybody is given events of a type; None: somebody is given all.
        streaming: Whether anybody wants the pieces of answers.
    """

    def __init__(self, host: Host, reader: Subscription | None, subscribers: Sequence[_Entry]) -> None:
        self._reporter = host.reporter
        self._reader = None if reader is None else reader.take
        self._subscribers = list(subscribers)
        self._takers: dict[str, list[_Entry]] = {}
        self.publish = self._publish if self._reader is None or subscribers else self._reader
        self.wants = self._wants if reader is None else None
        self.streaming = bool(self._of(_PIECES)) or (reader is not None and reader.wanted(_PIECES))

    def _wants(self, type_: str) -> bool:
        return bool(self._of(type_))

    def _of(self, type_: str) -> list[_Entry]:
        takers = self._takers.get(type_)
        if takers is None:
            takers = self._takers[type_] = [one for one in self._subscribers if one[1].wanted(type_)]
        return takers

    def _publish(self, event: Event) -> None:
        if self._reader is not None:
            self._reader(event)
        for entry in self._of(event.type):
            # Not reporter.guarded: telling Ctrl-C from an error of its own costs more than the event.
            try:
                entry[1].take(event)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - reported, and the run goes on
                self._subscribers.remove(entry)
                self._takers = {}
                self._report(entry, event, error)

    def _report(self, entry: _Entry, event: Event, error: BaseException) -> None:
        origin, subscriber = entry
        if origin is None:
            said = "the executor's subscriber %r failed at %s and gets no more events of run %s"
            _logger.warning(said, subscriber.take, event.type, event.run_id, exc_info=error)
            return
        failure = hook_failed(origin, f"{_HOOK} at {event.type}", error)
        failure.__cause__ = error
        self._reporter.report(failure)


def publisher(host: Host, reader: Subscription | None, own: Sequence[Subscription] = ()) -> Publisher | None:
    """What takes the events of a run; None where nobody listens.

    Args:
        host: Its plugins may have subscribed.
        reader: Who streams the run.
        own: The executor's subscribers.
    """
    plugins = [(origin, subscription(one)) for origin, one in host.call_each(_HOOK)]
    subscribers = [*((None, one) for one in own), *plugins]
    return Publisher(host, reader, subscribers) if subscribers or reader is not None else None
