"""Functions that tests call in processes of their own; most of them misbehave."""

from __future__ import annotations

import asyncio
import ctypes
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from graphbit_core import Document, Match

calls = 0


def add(a, b=1):
    return a + b


def same(value):
    return value


def count():
    global calls
    calls += 1
    return [os.getpid(), calls]


async def later(value):
    await asyncio.sleep(0.01)
    return value


def environment(name):
    return [os.environ.get(name), str(Path.cwd())]


def documents():
    return [Document("text", {"source": "a", "page": 1}), Match("1", 0.5, "text", {"n": None})]


def hang(note=None):
    if note:
        Path(note).write_text(str(os.getpid()))
    while True:
        time.sleep(0.01)


def hold_the_interpreter(note):
    """Never lets another Python thread run: a regular expression that backtracks for years."""
    Path(note).write_text(str(os.getpid()))
    re.match(r"(a+)+$", "a" * 60 + "b")


def recurse():
    return recurse()


def allocate(megabytes):
    return len(bytearray(megabytes * 1024 * 1024))


def crash():
    print("about to crash")
    ctypes.string_at(0)


def abort():
    os.abort()


def kill_itself():
    os.kill(os.getpid(), signal.SIGKILL)


def leave(status):
    print("leaving")
    os._exit(status)


def system_exit():
    sys.exit("enough")


def interrupt():
    raise KeyboardInterrupt


class OddError(BaseException):
    def __str__(self):
        raise ValueError


def odd():
    raise OddError


def fail():
    print("some words before")
    raise ValueError("no such luck")


def chatter(megabytes):
    for _ in range(megabytes):
        print("x" * (1 << 20))
        print("y" * 999, file=sys.stderr)
    os.write(1, b"raw\n")
    print("the end")
    return megabytes


def close_everything():
    os.closerange(3, 256)
    time.sleep(60)


def write_into_the_channel():
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"\x00\x00\x00\x00\x00\x00\x00\x09not json!")
        except OSError:
            continue
    time.sleep(60)


def fork_and_hang(note):
    """A grandchild that keeps all pipes open, and a child that ends at once."""
    child = os.fork()
    if child == 0:
        hang()
    Path(note).write_text(str(child))
    os._exit(5)


def leave_a_process_behind(note):
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    Path(note).write_text(str(process.pid))
    return os.getpid()


def leave_a_thread_behind():
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    return os.getpid()


def unserialisable():
    return {"rows": [Path("x")]}


def keyed_by_numbers():
    return {1: 2}


def circular():
    rows = []
    rows.append(rows)
    return rows


def large(megabytes):
    return "x" * (megabytes << 20)


def wants_context(value, context):
    return value


def is_even(number):
    return "even" if number % 2 == 0 else "odd"


def nested(value):
    from graphbit_core.processes.calls import call_in_process

    return [os.getpid(), call_in_process("isolated:count")]
