"""What importing a module does, seen from a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cache

from graphbit_core.testing.rules.elsewhere import PRELUDE, environment, file_of

_SCRIPT = f"""{PRELUDE}
import os, tempfile, threading, time, traceback

kit, name, file = sys.argv[1:]
importlib.import_module(kit)
started = []
TOLD = {{
    "subprocess.Popen": "a process", "os.fork": "a process", "os.forkpty": "a process",
    "os.posix_spawn": "a process", "os.spawn": "a process", "os.system": "a process",
    "socket.connect": "a connection", "socket.getaddrinfo": "a connection",
}}

def hear(event, arguments):
    if event in TOLD:
        started.append(TOLD[event])

def begin(thread, start=threading.Thread.start):
    started.append("a thread")
    start(thread)

report, shown = os.fdopen(os.dup(1), "w"), tempfile.TemporaryFile()
os.dup2(shown.fileno(), 1)
os.dup2(shown.fileno(), 2)
error = None
sys.addaudithook(hear)
threading.Thread.start = begin
began = time.process_time()
try:
    find_module(name, file)
except BaseException:
    error = traceback.format_exc()
seconds = time.process_time() - began
heard = sorted(set(started))
sys.stdout.flush()
sys.stderr.flush()
shown.seek(0)
text = shown.read().decode(errors="replace")
json.dump(dict(seconds=seconds, printed=text, started=heard, error=error), report)
report.flush()
os._exit(0)
"""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did.

    Attributes:
        seconds: CPU time it took, of all threads.
        printed: What it wrote to stdout and stderr.
        started: ``a thread``, ``a process``, ``a connection``: what it began.
    """

    seconds: float
    printed: str
    started: tuple[str, ...]


@cache
def imported(module: str, kit: str) -> Imported:
    """What importing ``module`` does in a process that has imported ``kit`` already.

    Raises:
        AssertionError: It cannot be imported there.
    """
    done = subprocess.run(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-c", _SCRIPT, kit, module, file_of(module)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment(),
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["error"] is None, f"importing {module} fails: {report['error']}"
    return Imported(report["seconds"], report["printed"], tuple(report["started"]))


def import_seconds(module: str, kit: str, budget: float) -> float:
    """CPU seconds that an import takes, measured once more if it was over ``budget``.

    The first import of a new file compiles it, and the second one shows what users wait for.
    """
    seconds = imported(module, kit).seconds
    if seconds > budget:
        imported.cache_clear()
        seconds = min(seconds, imported(module, kit).seconds)
    return seconds
