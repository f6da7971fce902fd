"""Starts the doctor's processes, one per plugin, ends them in time, and reads what they report."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from graphbit_core.host import faults
from graphbit_core.host.child import end, ended_in_time, start
from graphbit_core.host.configured import Configured
from graphbit_core.host.doctor.probe import BEGUN, BOOT, IMPORTED, REPORT
from graphbit_core.host.records import Origin, Told

_IMPORT_TIME = re.compile(r"import time:\s*(\d+) \|\s*\d+ \|\s*(\S+)\n?")
"""A line of ``-X importtime``: microseconds without those of what it imports itself, and the module."""
_HEADING = re.compile(r"import time: self \[us\].*\n?")
_FRAME = re.compile(r'File "(?!<)([^"]+)", line (\d+)')
_STDLIB = str(Path(os.__file__).parent)
_NAMED = 3
"""How many modules are named that a slow import spends its time on."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the process found.

    Attributes:
        import_ms: Milliseconds; None if the import did not end well.
        api: The plugin API version it declares, as ``major.minor``.
        warnings: What works, but costs users something.
        settings: What is wrong with what the configuration tells it.
        offers: Kind and name of what its hooks register.
    """

    import_ms: float | None
    api: str | None
    faults: tuple[Told, ...]
    warnings: tuple[Told, ...]
    settings: tuple[str, ...]
    offers: tuple[tuple[str, str], ...]


class Probing:
    """The processes of one examination. Any thread may call any method."""

    def __init__(self, *, limit: float, budget: float, sample: str | None) -> None:
        """Args: see ``Doctor``."""
        self._limit = limit
        self._budget = budget
        self._sample = sample
        self._stopping = threading.Event()
        self._running: set[subprocess.Popen[bytes]] = set()

    def probe(self, origin: Origin, configured: Configured) -> Report:
        """Imports it in a process of its own.

        Args:
            origin: What to import.
            configured: What the configuration tells it.

        Raises:
            PluginLoadError: That did not end in time, or it ended the process.
        """
        job = {
            **{"origin": asdict(origin), "configured": asdict(configured)},
            **{"sample": self._sample, "limit": self._limit / 2},
        }
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "job.json").write_text(json.dumps([sys.path, job], default=str), encoding="utf-8")
            with (folder / "output").open("wb+") as output, (folder / "errors").open("wb+") as errors:
                child = self._start(folder / "job.json", output, errors)
                ended = ended_in_time(child, self._limit)
                self._running.discard(child)
                printed, said = _read(output), _read(errors)
        if not ended:
            raise faults.unusable(origin, _hung(said, self._limit))
        try:
            found = json.loads(printed.rpartition(REPORT)[2])
        except ValueError:
            raise faults.unusable(origin, _died(said, child.returncode)) from None
        return self._report(found, _during(printed), _during(said))

    def stop(self) -> None:
        """Ends all of them, and those that are still to be started."""
        self._stopping.set()
        for child in list(self._running):
            end(child)

    def _start(self, job: Path, output: IO[bytes], errors: IO[bytes]) -> subprocess.Popen[bytes]:
        arguments = [sys.executable, "-X", "importtime", "-c", BOOT, str(job)]
        child = start(arguments, errors, output=output)
        self._running.add(child)
        if self._stopping.is_set():  # its turn came while the others were being ended
            end(child)
        return child

    def _report(self, found: dict[str, Any], printed: str, said: str) -> Report:
        took = found["import_ms"]
        warnings = [(message, advice) for message, advice in found["warnings"]]
        if lines := _without_times(printed):
            warnings.append((f"it prints at import: {lines[0][:100]!r}", "print nothing at import"))
        if lines := _without_times(said):
            warnings.append((f"it writes to standard error at import: {lines[0][:100]!r}", "use logging"))
        if took is not None and took > self._budget * 1000:
            problem = f"its import takes {took / 1000:.1f} s, more than {self._budget:g} s{_slowest(said)}"
            warnings.append((problem, "import what is slow in the function that needs it"))
        wrong = tuple((message, fix) for message, fix in found["faults"])
        offers = tuple((kind, name) for kind, name in found["offers"])
        return Report(took, found["api"], wrong, tuple(warnings), tuple(found["settings"]), offers)


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _during(text: str) -> str:
    """What was written by the import."""
    return text.partition(BEGUN)[2].partition(IMPORTED)[0]


def _without_times(text: str) -> list[str]:
    lines = _HEADING.sub("", _IMPORT_TIME.sub("", text)).splitlines()
    return [line for line in lines if line.strip()]


def _slowest(said: str) -> str:
    spent: Counter[str] = Counter()
    for microseconds, module in _IMPORT_TIME.findall(said):
        spent[module.partition(".")[0]] += int(microseconds)
    long = [(module, us / 1e6) for module, us in spent.most_common(_NAMED) if us >= 50_000]
    named = ", ".join(f"{module} {seconds:.1f} s" for module, seconds in long)
    return f" ({named})" if named else ""


def _what(said: str) -> str:
    return "one of its hooks or checks" if IMPORTED in said else "its import"


def _hung(said: str, limit: float) -> str:
    return f"{_what(said)} had not ended after {limit:g} s{_place(said)}"


def _place(said: str) -> str:
    """Where the main thread, which is told of last, stood outside the standard library."""
    frames = _FRAME.findall(said.rpartition("most recent call first")[2])
    own = [(file, line) for file, line in frames if "site-packages" in file or not file.startswith(_STDLIB)]
    return f"; it stood in line {own[0][1]} of {own[0][0]}" if own else ""


def _died(said: str, status: int) -> str:
    lines = [line for line in _without_times(said) if f"\n{line}\n" not in (BEGUN, IMPORTED)]
    last = lines[-1][:200] if lines else "it wrote nothing"
    return f"{_what(said)} ended the process with status {status} ({last})"
