"""Starts the process in which conformance classes are run, and reads what it tells."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from graphbit_core.host.child import end, last_line, start

BOOT = (
    "import json, sys; sys.path[:], job = json.load(open(sys.argv[1], encoding='utf-8')); "
    "from graphbit_core.testing.check.child import main; main(job)"
)
_SETTINGS_OF_PYTEST = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_CURRENT_TEST")
_START = 60.0
"""Seconds until its first event, at least: by then it has imported pytest."""
_SAID = 2000
"""Characters of its standard error that are kept."""

Event = dict[str, Any]


class EndedEarlyError(Exception):
    """The process died or hung; the message says how."""


def events(job: dict[str, Any], folder: Path, limit: float) -> Generator[Event, None, None]:
    """Starts a process for the job, and ends it when its last event has come or this iterator is closed.

    Args:
        job: What ``child.run`` takes.
        folder: Its working directory.
        limit: Seconds that may pass between two events; the first may take a minute.

    Yields:
        What it tells. The last event is ``ended``, with its standard error as ``said``.

    Raises:
        EndedEarlyError: It died or hung.
    """
    environ = {name: value for name, value in os.environ.items() if name not in _SETTINGS_OF_PYTEST}
    environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    with tempfile.TemporaryFile() as errors, tempfile.TemporaryDirectory() as place:
        file = Path(place) / "job.json"
        file.write_text(json.dumps([sys.path, job]), encoding="utf-8")
        child = start([sys.executable, "-c", BOOT, str(file)], errors, folder=folder, environ=environ)
        pipe, child.stdout = child.stdout, None  # the thread alone reads and closes it
        assert pipe is not None
        lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        threading.Thread(target=_read, args=(pipe, lines), daemon=True).start()
        try:
            line = _next(lines, max(limit, _START))
            while line is not None:
                event: Event = json.loads(line)
                if event["event"] == "ended":
                    errors.seek(0)
                    yield {**event, "said": errors.read().decode(errors="replace").strip()[-_SAID:]}
                    return
                yield event
                line = _next(lines, limit)
            with suppress(subprocess.TimeoutExpired):  # it has closed its output, and may live on
                child.wait(timeout=1)
        finally:
            end(child)
        raise EndedEarlyError(f"it ended the process with status {child.returncode} ({last_line(errors)})")


def _next(lines: queue.SimpleQueue[bytes | None], limit: float) -> bytes | None:
    try:
        return lines.get(timeout=limit)
    except queue.Empty:
        raise EndedEarlyError(f"it had not ended after {limit:g} s") from None


def _read(pipe: IO[bytes], lines: queue.SimpleQueue[bytes | None]) -> None:
    with pipe:
        for line in pipe:
            lines.put(line)
    lines.put(None)
