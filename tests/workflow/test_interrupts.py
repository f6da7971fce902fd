"""Ctrl-C while a run goes on: it ends at once and leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

_SCRIPT = """
import asyncio, sys, threading, time
from graphbit_core import Executor, Node, Workflow

async def coroutine():
    print("ready", flush=True)
    await asyncio.sleep(30)

def plain():
    print("ready", flush=True)
    time.sleep(30)

def execute(function):
    Executor().execute(Workflow("w").chain(Node.transform("a", function)))

def stream(function):
    for event in Executor().stream(Workflow("w").chain(Node.transform("a", function))):
        pass

def within_a_loop(function):
    async def main():
        execute(function)
    asyncio.new_event_loop().run_until_complete(main())

try:
    {call}
except KeyboardInterrupt:
    left = [t for t in threading.enumerate() if t.name == "graphbit-run" and t.is_alive()]
    sys.exit(f"left {{left}}" if left else 42)
"""


@pytest.mark.parametrize(
    "call", ["execute(coroutine)", "execute(plain)", "stream(coroutine)", "within_a_loop(coroutine)"]
)
def test_ctrl_c_ends_a_run_at_once(call):
    command = [sys.executable, "-c", _SCRIPT.format(call=call)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout.readline() == "ready\n"
        time.sleep(0.05)
        started = time.monotonic()
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=10)
    assert (running.returncode, errors) == (42, "")
    assert time.monotonic() - started < 2  # the end of the interpreter included
