"""What runs in the child: takes a job, calls its function, replies; again until its parent closes the pipe.

Imports little, because a child is started while somebody waits for it.
"""

from __future__ import annotations

import faulthandler
import fcntl
import importlib
import os
import resource
import select
import signal
import sys
import threading
from typing import IO, Any

from graphbit_core.processes.values import LENGTH, pack, unpack

_LONGEST_TEXT = 20_000


def main() -> None:
    """Serves jobs. What was stdin and stdout is the channel; what functions print goes to stderr."""
    requests, replies = os.fdopen(os.dup(0), "rb", buffering=0), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]
    faulthandler.enable()  # the traceback of a crash is then among the last lines
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    guard = _Guard(requests.fileno())
    while (frame := _read(requests)) is not None:
        guard.on()
        data = _serve(unpack(frame))
        guard.off()
        replies.write(LENGTH.pack(len(data)) + data)
        replies.flush()
        del frame, data
    os._exit(0)  # the parent is gone; threads and exit handlers that functions left are of no interest


def _read(requests: IO[bytes]) -> bytes | None:
    """The next frame; None once the parent has closed its end."""
    header = _exactly(requests, LENGTH.size)
    return None if header is None else _exactly(requests, LENGTH.unpack(header)[0])


def _exactly(requests: IO[bytes], size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        part = requests.read(min(size - len(data), 1 << 20))
        if not part:
            return None
        data += part
    return bytes(data)


class _Guard:
    """Ends this process and all it started when the parent is gone, whatever the function is doing.

    On Linux the kernel sends SIGKILL to the group when the pipe of requests is closed, even where native
    code holds the interpreter. (Not PR_SET_PDEATHSIG: that is sent when the *thread* ends that started the
    child.) Elsewhere a thread waits for it.
    """

    def __init__(self, requests: int) -> None:
        self._requests = requests
        self._job = self._jobs = 0
        self._working = threading.Event()
        self._by_kernel = hasattr(fcntl, "F_SETSIG")
        if self._by_kernel:
            self._flags = fcntl.fcntl(requests, fcntl.F_GETFL)
            fcntl.fcntl(requests, fcntl.F_SETOWN, -os.getpgrp())
            fcntl.fcntl(requests, fcntl.F_SETSIG, signal.SIGKILL)
        else:
            threading.Thread(target=self._watch, daemon=True).start()

    def on(self) -> None:
        """From now on: a function is being called, and nothing may come through the pipe but its end."""
        if self._by_kernel:
            fcntl.fcntl(self._requests, fcntl.F_SETFL, self._flags | os.O_ASYNC)
            if select.select([self._requests], [], [], 0)[0]:  # it was closed before that
                os.killpg(0, signal.SIGKILL)
            return
        self._job = self._jobs = self._jobs + 1
        self._working.set()

    def off(self) -> None:
        """Until ``on``: the next request may come."""
        if self._by_kernel:
            fcntl.fcntl(self._requests, fcntl.F_SETFL, self._flags)
            return
        self._job = 0
        self._working.clear()

    def _watch(self) -> None:
        while self._working.wait():
            job = self._job
            readable = select.select([self._requests], [], [], 0.2)[0]
            if readable and job and job == self._job:  # else it is the next request
                os.killpg(0, signal.SIGKILL)


def _serve(job: dict[str, Any]) -> bytes:
    """The packed reply to one job."""
    threads = threading.active_count()
    reply = _within_memory(job)
    if isinstance(reply, BaseException):
        reply = _facts(reply)
    _flush()
    reusable = not reply.pop("broken", False)
    reply["reusable"] = reusable and threading.active_count() <= threads and not _has_children()
    return pack(reply)


def _within_memory(job: dict[str, Any]) -> dict[str, Any] | BaseException:
    """The reply, or what the function raised; its text is made once there is memory again."""
    limits = resource.getrlimit(resource.RLIMIT_AS)
    memory = job["memory_bytes"]
    try:
        if memory is not None:
            hard = limits[1]
            _set_memory((memory if hard == resource.RLIM_INFINITY else min(memory, hard), hard))
        return _result(_call(job), job["max_result_bytes"])
    except BaseException as error:  # noqa: BLE001 - told to the parent, which raises it
        return error
    finally:
        if memory is not None:
            _set_memory(limits)


def _call(job: dict[str, Any]) -> Any:
    module, _, path = job["target"].partition(":")
    function: Any = importlib.import_module(module)
    for part in path.split("."):
        function = getattr(function, part)
    value = function(*job["positional"], **job["keywords"])
    if hasattr(type(value), "__await__"):
        import asyncio

        async def awaited() -> Any:
            return await value

        return asyncio.run(awaited())
    return value


def _result(value: Any, largest: int) -> dict[str, Any]:
    try:
        packed = pack(value)
    except (TypeError, ValueError) as error:
        return {"error": "result", "message": str(error)}
    if len(packed) > largest:
        return {"error": "size", "message": f"{len(packed):,}"}
    return {"value": packed}


def _facts(error: BaseException) -> dict[str, Any]:
    """An exception as text: its class is the function's own, and may exist nowhere else."""
    import traceback

    kind = type(error)
    # GraphBit's own is about another limit.
    memory = isinstance(error, MemoryError) and not kind.__module__.startswith("graphbit_core.")
    try:
        message = str(error)
    except Exception as second:  # noqa: BLE001 - an error that cannot say what it is is reported all the same
        message = f"(its text cannot be had: {type(second).__name__})"
    return {
        "error": "memory" if memory else "raised",
        "type": kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}",
        "message": message[:_LONGEST_TEXT],
        "traceback": "".join(traceback.format_exception(error))[-_LONGEST_TEXT:],
        "broken": memory or not isinstance(error, Exception),
    }


def _set_memory(limits: tuple[int, int]) -> None:
    try:
        resource.setrlimit(resource.RLIMIT_AS, limits)
    except (OSError, ValueError):
        if sys.platform == "linux":
            raise  # elsewhere, as on macOS, the system has no such limit


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):  # the function closed or replaced it
            continue


def _has_children() -> bool:
    """Whether something that the function started still runs; what has ended is reaped."""
    try:
        while True:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                return True
    except ChildProcessError:
        return False
