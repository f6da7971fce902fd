"""Tells a signal from an exception that a plugin raised by itself."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

_Handler = Callable[[int, FrameType | None], Any]
_SIGNALS = tuple(signal.valid_signals())


class Interrupts:
    """While entered, remembers what a signal handler raised, so that containment lets it through.

    A module that says ``raise KeyboardInterrupt`` and a Ctrl-C during its import look the same to an
    ``except``. They differ in who raised: Python runs signal handlers in the main thread only, so there
    each handler is wrapped, and the exception it raises is kept. In other threads no handler runs, and
    whatever comes out of an import there is the module's own.
    """

    def __init__(self) -> None:
        self.raised: BaseException | None = None
        self._replaced: list[tuple[int, _Handler, _Handler]] = []

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                handler = signal.getsignal(number)
                if callable(handler):
                    self._watch(number, handler)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, wrapper, handler in self._replaced:
            if signal.getsignal(number) is wrapper:  # else the plugin set its own: leave that
                signal.signal(number, handler)

    def reraise(self) -> None:
        """Raises what a signal handler raised, if one did; even if the plugin caught it."""
        if self.raised is not None:
            raise self.raised

    def _watch(self, number: int, handler: _Handler) -> None:
        def wrapper(signum: int, frame: FrameType | None) -> Any:
            try:
                return handler(signum, frame)
            except BaseException as error:
                self.raised = error
                raise

        signal.signal(number, wrapper)
        self._replaced.append((number, wrapper, handler))
