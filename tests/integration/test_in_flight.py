"""A crowd of calls that all wait for their answers at once, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
CALLS = 10_000
KIB_EACH = 40
"""More than a release build needs (benchmarks/README.md), so that a debug build passes too."""


@pytest.fixture
def server() -> Iterator[str]:
    command = [sys.executable, str(BENCHMARKS / "loopback.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def test_ten_thousand_calls_in_flight_are_answered_and_leave_nothing_behind(server: str) -> None:
    script = BENCHMARKS / "clients" / "llm_in_flight.py"
    command = [sys.executable, str(script), server, str(CALLS), "--idle"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout)
    calls = row["calls"]
    assert calls == min(CALLS, row["descriptors_allowed"] - 200)
    assert row["ok"] == calls and row["open_most"] >= calls
    assert row["kib_each"] <= KIB_EACH, row
    # Python's own allocator keeps arenas that hold anything: a few KiB per call.
    assert row["after_mib"] - row["base_mib"] <= 6 * calls / 1024, row
    assert row["open_after"] <= row["open_before"] + 10, row
