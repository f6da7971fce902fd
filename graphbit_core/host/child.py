"""Processes that run a plugin's code: each leads a group of its own and is ended with all that it started."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO


def start(
    arguments: Sequence[str],
    errors: IO[bytes],
    *,
    output: IO[bytes] | int = subprocess.PIPE,
    folder: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Starts it with nothing to read.

    Args:
        arguments: The command line.
        errors: A file for its standard error: a pipe might be held open by what it starts.
        output: A file for its standard output; default: a pipe.
        folder: Its working directory; default: this process's.
        environ: Its environment; default: this process's.
    """
    return subprocess.Popen(  # noqa: S603 - this Python, with our own modules
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        cwd=folder,
        env=environ,
        start_new_session=True,  # so that what the plugin itself started can be ended with it
    )


def end(child: subprocess.Popen[bytes]) -> None:
    """Ends the process and all that it started, and waits for it."""
    _kill(child)
    child.wait()
    if child.stdout is not None:
        child.stdout.close()


def ended_in_time(child: subprocess.Popen[bytes], limit: float) -> bool:
    """Waits for it, at most ``limit`` seconds, and ends what it has left behind.

    ``Popen.wait(timeout)`` would poll, 50 ms apart.
    """
    overdue = threading.Event()

    def stop() -> None:
        overdue.set()
        _kill(child)

    timer = threading.Timer(limit, stop)
    timer.start()
    try:
        child.wait()
    finally:
        timer.cancel()
        end(child)
    return not overdue.is_set()


def last_line(errors: IO[bytes]) -> str:
    """The last line that it wrote to its standard error, shortened."""
    errors.seek(0)
    lines = errors.read().decode(errors="replace").strip().splitlines()
    return lines[-1][:200] if lines else "it wrote nothing"


def _kill(child: subprocess.Popen[bytes]) -> None:
    if not hasattr(os, "killpg"):
        child.kill()
        return
    with suppress(ProcessLookupError, PermissionError):  # none left; macOS refuses a group of zombies
        os.killpg(child.pid, signal.SIGKILL)
