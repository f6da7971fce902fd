"""A child process as its parent holds it: started, given one job at a time, ended with all it started."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from graphbit_core.errors import ConfigError
from graphbit_core.processes.values import LENGTH, unpack

_BOOT = """import json, sys
sys.path[:] = json.loads(sys.argv.pop())
from graphbit_core.processes.child import main
main()"""
_TAIL = 4096
_CHUNK = 1 << 18
_SLICE = 0.1
"""How often, in seconds, a child is looked for that ended while something it started holds its pipes open."""


class EndedError(Exception):
    """The child ended, was ended, or closed the channel, before it had replied."""


class SpoiltError(Exception):
    """What the child wrote is no reply: something in it wrote into the channel."""


class TimeUpError(Exception):
    """The reply did not come in time."""


class Worker:
    """One child. One thread at a time gives it jobs; any thread may ``kill`` it."""

    def __init__(self) -> None:
        if os.name != "posix" or not sys.executable or getattr(sys, "frozen", False):
            raise ConfigError(
                "functions run in processes of their own on Linux and macOS only, and where Python knows its "
                "own program (sys.executable), which a frozen program does not; leave "
                'isolation="process" out, and read files with isolation="none"',
                setting="isolation",
            )
        self.surroundings = surroundings()
        self.idle_since = 0.0
        self._lock = threading.Lock()
        self._over = False
        utf8 = ["-X", "utf8"] if sys.flags.utf8_mode else []
        self._process = subprocess.Popen(  # noqa: S603 - this Python, with our own module
            [sys.executable, "-I", *utf8, "-c", _BOOT, json.dumps(self.surroundings[1])],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # a group of its own, so that what it starts is ended with it
        )
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def is_usable(self) -> bool:
        """Whether it lives, and was started under what holds now: folder, environment, ``sys.path``."""
        with self._lock:
            return self._process.poll() is None and self.surroundings == surroundings()

    def exchange(self, request: bytes, deadline: float | None, largest: int) -> tuple[dict[str, Any], str]:
        """Sends a packed job; returns the reply, and the last of what the function printed.

        Args:
            request: The job.
            deadline: As ``time.monotonic`` counts.
            largest: Most bytes of a reply.

        Raises:
            EndedError: There is no reply, and none will come. ``args`` hold the last that was printed.
            TimeUpError: The deadline has come. ``args`` as above.
            SpoiltError: What came is no reply.
        """
        talk = _Talk(self._process, LENGTH.pack(len(request)) + request)
        try:
            ended, look = False, time.monotonic() + _SLICE
            while (reply := talk.reply(largest)) is None:
                now = time.monotonic()
                if ended:
                    raise EndedError
                if deadline is not None and now >= deadline:
                    raise TimeUpError
                if now >= look:
                    ended, look = self._has_ended(), now + _SLICE
                talk.go_on(0 if ended else _SLICE if deadline is None else min(_SLICE, deadline - now))
            answer = unpack(reply)
            if not isinstance(answer, dict):
                raise ValueError("it is no mapping")
            return answer, talk.tail()
        except ValueError as error:
            raise SpoiltError(str(error)) from error
        except (EndedError, TimeUpError) as error:
            self.kill()
            error.args = (talk.tail(),)
            raise
        finally:
            talk.close()

    def _has_ended(self) -> bool:
        with self._lock:
            return self._process.poll() is not None

    def kill(self) -> None:
        """Kills it and all it started, unless it was ended before."""
        with self._lock:
            if not self._over:
                _kill_group(self._process.pid)

    def end(self) -> int:
        """Kills it, waits for its end, closes its pipes. Returns the exit status, negative for a signal."""
        with self._lock:
            if not self._over:
                _kill_group(self._process.pid)
            self._over = True  # from now on the number may become another process's
        status = self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe is not None
            pipe.close()
        return status


def surroundings() -> tuple[str | None, list[str], Mapping[str, str]]:
    """What a child takes over when it is started."""
    try:
        folder = os.getcwd()  # noqa: PTH109 - it is compared, and made for every job
    except OSError:
        folder = None
    return folder, [entry for entry in sys.path if isinstance(entry, str)], dict(os.environ)


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # none left; macOS refuses a group of zombies
        os.killpg(leader, signal.SIGKILL)


class _Talk:
    """One job's traffic over the three pipes, without ever blocking on one of them."""

    def __init__(self, process: subprocess.Popen[bytes], request: bytes) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self._requests, self._replies = process.stdin.fileno(), process.stdout.fileno()
        self._printed = process.stderr.fileno()
        self._unsent = memoryview(request)
        self._received = bytearray()
        self._tail = b""
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._requests, selectors.EVENT_WRITE)
        self._selector.register(self._replies, selectors.EVENT_READ)
        self._selector.register(self._printed, selectors.EVENT_READ)

    def close(self) -> None:
        self._selector.close()

    def reply(self, largest: int) -> bytes | None:
        """The reply, once it is here."""
        if len(self._received) < LENGTH.size:
            return None
        (length,) = LENGTH.unpack_from(self._received)
        if length > largest:
            raise ValueError(f"it would have {length:,} bytes")
        end = LENGTH.size + length
        return bytes(self._received[LENGTH.size : end]) if len(self._received) >= end else None

    def go_on(self, timeout: float) -> None:
        """Waits until something can be sent or has come, and does it."""
        for key, _ in self._selector.select(timeout):
            if key.fd == self._requests:
                self._send()
            elif key.fd == self._printed:
                self._listen()
            else:
                self._receive()

    def _send(self) -> None:
        try:
            self._unsent = self._unsent[os.write(self._requests, self._unsent[:_CHUNK]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._unsent = self._unsent[:0]  # it has ended; the end of its replies says so
        if not self._unsent:
            self._selector.unregister(self._requests)

    def _receive(self) -> None:
        part = os.read(self._replies, _CHUNK)
        if not part:
            raise EndedError
        self._received += part

    def _listen(self) -> None:
        part = os.read(self._printed, _CHUNK)
        if not part:
            self._selector.unregister(self._printed)
        self._tail = (self._tail + part)[-_TAIL:]

    def tail(self) -> str:
        """The last that was printed, after one more look."""
        with suppress(BlockingIOError):
            self._tail = (self._tail + os.read(self._printed, _CHUNK))[-_TAIL:]
        return self._tail.decode("utf-8", "replace").strip()
