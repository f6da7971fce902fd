"""One call of a function in a child: its request, its child while it has one, and how it ended."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphbit_core.errors import DeadlineError, ProcessError, ResourceExhaustedError, ValidationError
from graphbit_core.processes.pool import pool
from graphbit_core.processes.values import pack, unpack
from graphbit_core.processes.worker import EndedError, SpoiltError, TimeUpError, Worker

LEAST_MEMORY = 64 * 1024 * 1024
_OVERHEAD = 1024 * 1024  # a reply is its result and a few facts


@dataclass(frozen=True, slots=True)
class Limits:
    """What a call may take.

    Attributes:
        seconds: Longest time, in which the child is started too if none is idle.
        memory_bytes: Most memory that the child may map, Python and libraries included; at least 64 MiB.
            The system holds it to that on Linux; each process that the child starts has as much again.
        result_bytes: Largest result, as it travels.
    """

    seconds: float | None = None
    memory_bytes: int | None = None
    result_bytes: int = 64 * 1024 * 1024

    def __post_init__(self) -> None:
        if self.seconds is not None and not self.seconds > 0:
            raise ValidationError(f"seconds is {self.seconds}; give more than 0", field="seconds")
        if self.memory_bytes is not None and self.memory_bytes < LEAST_MEMORY:
            raise ValidationError(
                f"a memory limit of {self.memory_bytes:,} bytes is too low for Python itself; "
                f"give at least {LEAST_MEMORY:,}",
                field="memory_bytes",
            )


class Call:
    """Runs once, on any thread; any other may ``kill`` it meanwhile."""

    def __init__(
        self, target: str, positional: Sequence[Any], keywords: Mapping[str, Any], limits: Limits
    ) -> None:
        check_target(target)
        self._target = target
        self._limits = limits
        self._job = {
            "target": target,
            "memory_bytes": limits.memory_bytes,
            "max_result_bytes": limits.result_bytes,
            "positional": list(positional),
            "keywords": dict(keywords),
        }
        self._lock = threading.Lock()
        self._worker: Worker | None = None
        self._killed = False

    def kill(self) -> None:
        """Ends the call: at once if it runs, and before its function is called if it does not yet."""
        with self._lock:
            self._killed = True
            if self._worker is not None:
                self._worker.kill()

    def run(self) -> Any:
        """The function's value. Raises as ``run_in_process`` does."""
        seconds = self._limits.seconds
        deadline = None if seconds is None else time.monotonic() + seconds
        request = _packed(self._job)
        worker = pool.take()
        reusable = False
        with self._lock:
            self._worker = worker
            if self._killed:
                worker.kill()
        try:
            reply, printed = worker.exchange(request, deadline, self._limits.result_bytes + _OVERHEAD)
            reusable = reply.get("reusable") is True
            return self._value(reply, printed)
        except TimeUpError as end:
            raise DeadlineError(
                f"{self._target!r} did not end within {seconds:g} s and was killed{_wrote(end)}",
                phase="total",
                timeout=seconds,
            ) from None
        except EndedError as end:
            raise self._ended(worker.end(), end) from None
        except SpoiltError as problem:
            raise self._unreadable(problem) from problem
        finally:
            with self._lock:
                self._worker = None
                reusable = reusable and not self._killed
            if reusable:
                pool.keep(worker)
            else:
                worker.end()

    def _value(self, reply: Mapping[str, Any], printed: str) -> Any:
        error, message = reply.get("error"), str(reply.get("message"))
        if error is None:
            try:
                return unpack(reply["value"])
            except (ValueError, KeyError, TypeError) as problem:
                raise self._unreadable(problem) from problem
        facts = {"target": self._target, "traceback": reply.get("traceback"), "printed": printed or None}
        if error == "memory":
            raise self._out_of_memory(message)
        if error == "size":
            raise ResourceExhaustedError(
                f"{self._target!r} returned {message} bytes, more than the limit of "
                f"{self._limits.result_bytes:,}; return less, or write a file and return its path",
                resource="result",
                limit=self._limits.result_bytes,
            )
        if error == "result":
            raise ProcessError(
                f"what {self._target!r} returned cannot leave its process: {message}; return JSON values, "
                "bytes or documents",
                reason="result",
                **facts,
            )
        kind = str(reply.get("type"))
        raise ProcessError(
            f"{self._target!r} raised {kind}: {message}", reason="raised", error_type=kind, **facts
        )

    def _unreadable(self, problem: Exception) -> ProcessError:
        return ProcessError(
            f"what the process of {self._target!r} sent is no reply ({problem}); something in it writes into "
            "descriptors that it did not open",
            target=self._target,
            reason="result",
        )

    def _out_of_memory(self, message: str) -> ResourceExhaustedError:
        limit = self._limits.memory_bytes
        of = "" if limit is None else f" of {limit / 2**20:,.0f} MiB"
        detail = f": {message}" if message else ""
        return ResourceExhaustedError(
            f"{self._target!r} ran out of its memory{of}{detail}; raise the limit, or give it less at a time",
            resource="memory",
            limit=limit,
        )

    def _ended(self, status: int, end: EndedError) -> ProcessError:
        """What is raised for a child that ended with this exit status, without a reply."""
        name = _signal_name(-status) if status < 0 else None
        how = f"was killed by {name}" if name else f"ended with status {status}"
        if self._killed:
            how = "was killed because nobody waits for it any more"
        elif name == "SIGKILL":
            how += ", as the system does when memory runs out, or because it closed the channel"
        elif name and self._limits.memory_bytes is not None:
            how += f"; its memory was limited to {self._limits.memory_bytes / 2**20:,.0f} MiB"
        return ProcessError(
            f"the process of {self._target!r} {how}{_wrote(end)}",
            target=self._target,
            reason="killed" if name else "exited",
            status=None if name else status,
            signal=name,
            printed=end.args[0] or None,
        )


def check_target(target: str) -> None:
    """Raises a ValidationError unless ``target`` reads ``package.module:function`` and can be found."""
    module, colon, path = target.partition(":")
    if not colon or not module or not all(part.isidentifier() for part in path.split(".")):
        raise ValidationError(
            f"a process of its own cannot find {target!r}: name a function that stands in a module, as "
            "'package.module:function'; lambdas and functions inside functions have no such name",
            field="function",
        )
    if module == "__main__":
        raise ValidationError(
            f"a process of its own cannot import {target!r} from the program that was started: move the "
            "function to a module and name it as 'package.module:function'",
            field="function",
        )


def _packed(job: dict[str, Any]) -> bytes:
    try:
        return pack(job)
    except (TypeError, ValueError) as error:
        name, problem = _culprit(job, error)
        raise ValidationError(
            f"{name} of {job['target']!r} cannot be sent to a process: {problem}; JSON values, bytes and "
            "documents can",
            field=name,
        ) from error


def _culprit(job: dict[str, Any], error: Exception) -> tuple[str, Exception]:
    arguments = [(f"argument {place}", value) for place, value in enumerate(job["positional"], 1)]
    for name, value in [*arguments, *job["keywords"].items()]:
        try:
            pack(value)
        except (TypeError, ValueError) as problem:
            return name, problem
    return "an argument", error


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _wrote(end: Exception) -> str:
    """The line that says most of what was printed last."""
    lines = [line for line in str(end.args[0]).splitlines() if line.strip()]
    crash = [line for line in lines if line.startswith("Fatal Python error")]
    return f"; it last wrote: {(crash or lines)[-1][:300]}" if lines else ""
