"""Examines every plugin, each in a process of its own, and says what mends those that are ill."""

from __future__ import annotations

import json
import subprocess
import tempfile
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO, Any

from graphbit_core.errors import PluginError
from graphbit_core.host import faults, metadata
from graphbit_core.host.child import end, last_line, start
from graphbit_core.host.host import Host
from graphbit_core.host.probe import arguments
from graphbit_core.host.records import ComponentInfo, Origin

PARALLEL = 2
"""How many plugins are imported at a time."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        component: ``kind name`` of the component concerned; None if it is the whole distribution.
        message: What is wrong.
        fix: The command, or the change, that mends it.
    """

    distribution: str
    version: str | None
    component: str | None
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class Examined:
    """What the import of one component showed.

    Attributes:
        import_ms: Milliseconds; None if the import did not end well.
        api: The plugin API version it declares, as ``major.minor``.
    """

    info: ComponentInfo
    import_ms: float | None
    api: str | None
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that the doctor found. ``faults`` holds those of the components too."""

    components: tuple[Examined, ...]
    faults: tuple[Fault, ...]


class Doctor:
    """Examines the plugins of a host without importing any of them into this process."""

    def __init__(self, host: Host, *, limit: float = 10.0) -> None:
        """Args: ``limit`` is how many seconds each import may take."""
        self._host = host
        self._limit = limit
        self._stopping = threading.Event()
        self._running: set[subprocess.Popen[bytes]] = set()

    def examine(self) -> Diagnosis:
        """Runs all checks. Imports that were denied are not tried."""
        infos = [info for info in self._host.list() if info.state != "denied"]
        pool = ThreadPoolExecutor(PARALLEL)
        try:
            components = tuple(pool.map(self._examined, infos))
        finally:
            self._stop()
            pool.shutdown(cancel_futures=True)
        found = [fault for component in components for fault in component.faults]
        found += [*_conflicts(infos), *self._of_metadata(), *self._of_settings()]
        return Diagnosis(components, tuple(found))

    def _examined(self, info: ComponentInfo) -> Examined:
        origin = Origin(info.kind, info.name, info.distribution, info.version, info.entry_point, info.source)
        if info.source in ("hook", "code"):
            return Examined(info, None, None, ())
        try:
            report = self._probe(origin)
        except PluginError as error:
            return Examined(info, None, None, (_fault(origin, error.message, error.fix or ""),))
        wrong = [(report["error"], report["fix"])] if report["error"] else []
        wrong += [(finding["message"], finding["fix"]) for finding in report["findings"]]
        found = tuple(_fault(origin, message, fix) for message, fix in wrong)
        return Examined(info, report["import_ms"], report["api"], found)

    def _probe(self, origin: Origin) -> dict[str, Any]:
        with tempfile.TemporaryFile() as errors:  # a file: a pipe might be held open by what it started
            child = self._start(origin, errors)
            try:
                output, _ = child.communicate(timeout=self._limit)
            except subprocess.TimeoutExpired:
                raise faults.unusable(origin, f"its import had not ended after {self._limit:g} s") from None
            finally:
                end(child)
                self._running.discard(child)
            try:
                report: dict[str, Any] = json.loads(output)
            except ValueError:
                problem = f"its import ended the process with status {child.returncode} ({last_line(errors)})"
                raise faults.unusable(origin, problem) from None
        return report

    def _start(self, origin: Origin, errors: IO[bytes]) -> subprocess.Popen[bytes]:
        child = start(arguments(origin), errors)
        self._running.add(child)
        if self._stopping.is_set():  # its turn came while the others were being ended
            end(child)
        return child

    def _stop(self) -> None:
        self._stopping.set()
        for child in list(self._running):
            end(child)

    def _of_metadata(self) -> Iterable[Fault]:
        scan = self._host.installed()
        settings = self._host.settings
        for installed in scan.distributions:
            if all(settings.denies(offer) for offer in installed.offers):
                continue
            for message, fix in metadata.faults_of(installed):
                yield Fault(installed.name, installed.version, None, message, fix)
        for double in scan.duplicates:
            message = f"a second copy, in {double.location}, is never used"
            yield Fault(double.name, double.version, None, message, f"remove it from {double.location}")
        for place, reason in scan.unreadable:
            yield Fault(place, None, None, f"its metadata cannot be read ({reason})", "reinstall the package")

    def _of_settings(self) -> Iterable[Fault]:
        known = frozenset(info.distribution for info in self._host.list())
        for problem in self._host.settings.unmatched(known):
            yield Fault("configuration", None, None, problem, "install it, or take it off the list")


def _conflicts(infos: list[ComponentInfo]) -> Iterable[Fault]:
    for info in infos:
        if info.state == "conflict":
            component = f"{info.kind} {info.name!r}"
            fix = faults.prefer_fix(info.kind, info.name, info.distribution)
            yield Fault(info.distribution, info.version, component, info.error or "", fix)


def _fault(origin: Origin, message: str, fix: str) -> Fault:
    what = faults.without_fix(message, fix)  # it has a field of its own here
    return Fault(origin.distribution, origin.version, f"{origin.kind} {origin.name!r}", what, fix)
