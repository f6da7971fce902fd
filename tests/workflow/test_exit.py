"""The interpreter exits at once, and says nothing, whatever runs were left as they were."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time

import pytest

LONGEST = 1.0
"""Seconds from the end of the script to the end of the process."""
_PRELUDE = """
import asyncio, atexit, sys, threading, time
from graphbit_core import Executor, Node, Workflow

def one(function, **settings):
    return Workflow("one").chain(Node.transform("a", function, **settings))

def begin(events):
    for event in events:
        if event.type == "node.started":
            return
"""
_SCRIPTS = {
    "a stream that a daemon thread reads": """
        started = threading.Event()
        def read():
            for event in Executor().stream(one(lambda: asyncio.sleep(60))):
                if event.type == "node.started":
                    started.set()
        threading.Thread(target=read, daemon=True).start()
        started.wait(5)
    """,
    "an async stream in a daemon thread": """
        started = threading.Event()
        async def read():
            async for event in Executor().stream(one(lambda: asyncio.sleep(60))):
                if event.type == "node.started":
                    started.set()
        threading.Thread(target=lambda: asyncio.run(read()), daemon=True).start()
        started.wait(5)
    """,
    "a run in a daemon thread": """
        started = threading.Event()
        async def hang():
            started.set()
            await asyncio.sleep(60)
        threading.Thread(target=lambda: Executor().execute(one(hang)), daemon=True).start()
        started.wait(5)
    """,
    "an abandoned body": """
        result = Executor(timeout_seconds=0.1).execute(one(lambda: time.sleep(60)))
        assert result.abandoned == ["a"]
    """,
    "an abandoned process": """
        executor = Executor(timeout_seconds=0.3)
        assert executor.execute(one("time:sleep", isolation="process"), {"seconds": 60}).is_failed()
    """,
    "a detached stream": """
        stream = Executor().stream(one(lambda: asyncio.sleep(60)), detach=True)
        begin(stream)
    """,
    "a stream that nobody reads on": """
        stream = Executor().stream(one(lambda: asyncio.sleep(60)))
        events = iter(stream)
        next(events)
    """,
    "a stream that was never read": """
        stream = Executor().stream(one(lambda: asyncio.sleep(60)))
    """,
    "a run on a loop that was left": """
        async def first():
            stream = Executor().stream(one(lambda: asyncio.sleep(60)), detach=True)
            async for event in stream:
                if event.type == "node.started":
                    return
        asyncio.run(first())
    """,
    "an executor that was drained": """
        started = threading.Event()
        async def hang():
            started.set()
            await asyncio.sleep(60)
        executor = Executor()
        thread = threading.Thread(target=executor.execute, args=(one(hang),))
        thread.start()
        started.wait(5)
        [told] = executor.drain(0.05)
        assert told.state == "cancelled"
    """,
    "an executor that was drained beside an abandoned body": """
        started = threading.Event()
        executor = Executor()
        work = lambda: (started.set(), time.sleep(60))
        threading.Thread(target=executor.execute, args=(one(work),)).start()
        started.wait(5)
        [told] = executor.drain(0.05)
        assert told.state == "cancelled"
    """,
}


@pytest.mark.parametrize("what", _SCRIPTS)
def test_the_interpreter_exits_at_once_and_silently_beside(what):
    text = _PRELUDE + textwrap.dedent(_SCRIPTS[what]) + "\nprint(time.time(), flush=True)\n"
    command = [sys.executable, "-W", "error", "-c", text]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert time.time() - float(done.stdout) < LONGEST
