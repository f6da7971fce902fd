"""Exporters: send a run's events to where they are looked at.

The executor loads none by name yet; a plugin gets events through the hook ``graphbit_subscribe_events``.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, runtime_checkable

from graphbit_core.types.events import Event


@runtime_checkable
class Exporter(Protocol):
    """Made with settings as keywords; given every event of every run of the executors it serves.

    Threads:
        ``export`` on the thread that drives the run, so from several at once where runs overlap; ``close``
        when none is left.
    """

    graphbit_api: ClassVar[tuple[int, int]]

    def __init__(self, **settings: Any) -> None: ...

    def export(self, event: Event) -> None:
        """Takes one event, on the run's thread: it hands it on and never waits. Events of one run come in
        order; one that raises loses this event only.
        """
        ...

    def close(self) -> None:
        """Sends what is left, within five seconds; calling it again does nothing."""
        ...
