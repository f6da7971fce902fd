"""The events of a run, for whoever executes a workflow."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

from graphbit_core.errors import ValidationError, WorkflowError
from graphbit_core.types.events import Event
from graphbit_core.types.subscriptions import Subscription, Wanted
from graphbit_core.workflow.event_file import EventFile
from graphbit_core.workflow.event_reader import EventReader
from graphbit_core.workflow.live_run import LiveRun
from graphbit_core.workflow.result import WorkflowResult

DEFAULT_KEEP = 10_000


class RunStream:
    """The events of one run. Iterate it, with ``for`` or ``async for``; then read ``result``.

    Events that tell of the run are never lost, however slow the reader; a reader that is more than 256 events
    behind is given neighbouring deltas of a call joined. ``seq`` grows by one from event to event, except
    that a joined delta has the ``seq`` of its last piece, and that of its first as ``first_seq`` in ``data``.
    So whoever has read up to an event reads on with ``events(event.seq + 1)`` and misses and repeats nothing.

    ``events()`` gives further readers, which may start anywhere and come back. The run is cancelled when its
    last reader leaves before the end, unless the stream was made with ``detach=True``.
    """

    def __init__(
        self,
        start: Callable[[Subscription], Coroutine[Any, Any, WorkflowResult]],
        *,
        types: Sequence[str] | None = None,
        detach: bool = False,
        keep: int | None = DEFAULT_KEEP,
    ) -> None:
        if keep is not None and keep < 0:
            raise ValidationError(f"keep is {keep}; it must be at least 0, or None to keep all", field="keep")
        self._wanted = wanted = Wanted(types)
        self._run = LiveRun(lambda take: start(Subscription(take, wanted)), detach=detach, keep=keep)
        self._iterated = False

    def __repr__(self) -> str:
        return f"RunStream({self._run.state})"

    @property
    def result(self) -> WorkflowResult:
        """The result of the run.

        Raises:
            WorkflowError: The run has not ended, or was cancelled because its readers had left.
        """
        return self._run.result()

    def events(self, from_seq: int = 0, types: Sequence[str] | None = None) -> EventReader:
        """Another reader, also after the end of the run. It starts the run if nobody has.

        Args:
            from_seq: The first event wanted, at least 0; it may be still to come.
            types: Patterns as for ``Executor.stream``; default: those of the stream. Pieces of answers are
                there only if the types of the stream ask for them.

        Raises:
            ValidationError: ``from_seq`` is negative, or a pattern fits no type of event.
            WorkflowError: When iterated: the events from there on are no longer kept.
        """
        if from_seq < 0:
            raise ValidationError(f"from_seq is {from_seq}; events count from 0", field="from_seq")
        return EventReader(self._run, from_seq, self._wanted if types is None else Wanted(types))

    def cancel(self) -> None:
        """Cancels the run, from any thread, and does not wait; its events end soon after."""
        self._run.cancel()

    def to_jsonl(self, path: str | Path) -> None:
        """Writes all events of the run to ``path``, one JSON object a line, and returns at its end.

        Raises:
            OSError: The file cannot be written.
            WorkflowError: The first events are no longer kept.
        """
        with EventFile(path) as file:
            for event in EventReader(self._run, 0, Wanted(None), join=False):
                file(event)

    def __iter__(self) -> Iterator[Event]:
        return iter(self._first_reader())

    def __aiter__(self) -> AsyncIterator[Event]:
        return aiter(self._first_reader())

    def _first_reader(self) -> EventReader:
        if self._iterated:
            raise WorkflowError(
                "this stream was iterated before; read on with events(from_seq), or call Executor.stream() "
                "for another run"
            )
        self._iterated = True
        return self.events()
