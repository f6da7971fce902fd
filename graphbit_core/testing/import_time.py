"""How long an import takes."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

_SCRIPT = """
import importlib, sys, time
import graphbit_core.workflow.executor, graphbit_core.workflow.node, graphbit_core.host.host
started = time.process_time()
importlib.import_module(sys.argv[1])
print(time.process_time() - started)
"""


@cache
def import_seconds(module: str) -> float:
    """CPU seconds that importing ``module`` takes in a process that has imported the core already.

    Raises:
        AssertionError: It cannot be imported there.
    """
    done = subprocess.run(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-c", _SCRIPT, module], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return float(done.stdout)
