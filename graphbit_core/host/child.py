"""Processes that run a plugin's code: each leads a group of its own and is ended with all that it started."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO


def start(
    arguments: Sequence[str],
    errors: IO[bytes],
    *,
    folder: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Starts it with nothing to read and a pipe as its standard output.

    Args:
        arguments: The command line.
        errors: A file for its standard error: a pipe might be held open by what it starts.
        folder: Its working directory; default: this process's.
        environ: Its environment; default: this process's.
    """
    return subprocess.Popen(  # noqa: S603 - this Python, with our own modules
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        cwd=folder,
        env=environ,
        start_new_session=True,  # so that what the plugin itself started can be ended with it
    )


def end(child: subprocess.Popen[bytes]) -> None:
    """Ends the process and all that it started, and waits for it."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):  # none left; macOS refuses a group of zombies
            os.killpg(child.pid, signal.SIGKILL)
    else:
        child.kill()
    child.wait()
    if child.stdout is not None:
        child.stdout.close()


def last_line(errors: IO[bytes]) -> str:
    """The last line that it wrote to its standard error, shortened."""
    errors.seek(0)
    lines = errors.read().decode(errors="replace").strip().splitlines()
    return lines[-1][:200] if lines else "it wrote nothing"
