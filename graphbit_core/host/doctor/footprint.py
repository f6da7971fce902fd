"""What an import may leave behind in the process, so that the doctor can tell it."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

ENDS_SOON = 0.05
"""Seconds within which a thread that an import has started may end without being told of."""


def footprint() -> Mapping[str, object]:
    """What the process looks like that all its code shares: what it is → its present state."""
    return {
        "sys.path": list(sys.path),
        "the handlers or the level of the root logger": (list(logging.root.handlers), logging.root.level),
        "the working directory": _working_directory(),
        "what a signal does": [signal.getsignal(number) for number in sorted(signal.valid_signals())],
        "sys.stdout or sys.stderr": (id(sys.stdout), id(sys.stderr)),
        "how an error that ends the program is shown": sys.excepthook,
    }


def changed(before: Mapping[str, object]) -> list[str]:
    """What is no longer as it was."""
    return [what for what, state in footprint().items() if state != before[what]]


def left_running(before: frozenset[threading.Thread]) -> list[str]:
    """The names of threads that were started since and go on."""
    started = [thread for thread in threading.enumerate() if thread not in before]
    for thread in started:
        thread.join(ENDS_SOON)
    return [thread.name for thread in started if thread.is_alive()]


def _working_directory() -> str | None:
    try:
        return str(Path.cwd())
    except OSError:  # it was removed
        return None
