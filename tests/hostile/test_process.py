"""What cannot be stopped in this process can be killed in one of its own; and this one can always leave."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from graphbit_core import Executor, Node, Workflow
from graphbit_core.errors import DeadlineError, ProcessError, ResourceExhaustedError

from .causes import chain_of


def run(host, node, inputs=None, **settings):
    executor = Executor(host=host, **{"timeout_seconds": 20, "max_concurrency": 1, "max_runs": 1, **settings})
    began = time.monotonic()
    result = executor.execute(Workflow("w").chain(node), inputs)
    seconds = time.monotonic() - began
    assert executor.execute(Workflow("again").chain(Node.transform("a", lambda: "fine"))).output == "fine"
    return result, seconds


def isolated(name, **options):
    return Node.transform("a", f"isolated:{name}", isolation="process", **options)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize("name", ["hang", "hold_the_interpreter"])
def test_a_function_that_hangs_is_killed(host, tmp_path, name):
    note = tmp_path / "pid"
    result, seconds = run(host, isolated(name, timeout=3.0), {"note": str(note)})
    assert isinstance(result.error.__cause__, DeadlineError)
    assert seconds < 6
    assert result.abandoned == []
    assert gone(int(note.read_text()))


@pytest.mark.parametrize(
    ("name", "inputs", "kind"),
    [
        ("recurse", {}, ProcessError),
        ("allocate", {"megabytes": 100_000}, ResourceExhaustedError),
        ("unserialisable", {}, ProcessError),
        ("circular", {}, ProcessError),
        ("keyed_by_numbers", {}, ProcessError),
        ("system_exit", {}, ProcessError),
        ("interrupt", {}, ProcessError),
        ("odd", {}, ProcessError),
        ("kill_itself", {}, ProcessError),
        ("abort", {}, ProcessError),
    ],
)
@pytest.mark.parametrize("within", [False, True], ids=["alone", "map item"])
def test_what_a_function_does_to_its_own_process_is_its_nodes_failure(host, name, inputs, kind, within):
    node = isolated(name, memory_mb=256)
    result, _ = run(host, Node.map("each", node, over=[*inputs.values(), 1][:1]) if within else node, inputs)
    assert result.state == "failed"
    assert any(isinstance(one, kind) for one in chain_of(result.error)), result.error


LEAVES = """
import sys, time
from graphbit_core import Executor, Host, Node, Workflow
from graphbit_core.nodes.transform import TransformNode

host = Host.isolated({("node_type", "transform"): TransformNode})

def hang():
    time.sleep(600)

result = Executor(host=host, timeout_seconds=0.2).execute(Workflow("w").chain(Node.transform("a", hang)))
print(result.state, result.abandoned, flush=True)
"""


def test_a_function_that_hangs_does_not_keep_the_interpreter_from_leaving(tmp_path):
    script = tmp_path / "leaves.py"
    script.write_text(LEAVES)
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=20, cwd=Path.cwd(), check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["failed", "['a']"]
    assert done.stderr == ""
    assert time.monotonic() - began < 10
