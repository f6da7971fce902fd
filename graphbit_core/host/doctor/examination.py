"""Examines every plugin, each in a process of its own, and says what mends those that are ill."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from graphbit_core.errors import PluginError
from graphbit_core.host import faults, metadata
from graphbit_core.host.doctor.probing import Probing, Report
from graphbit_core.host.host import Host
from graphbit_core.host.records import ComponentInfo, Origin


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, or that costs users something.

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
        faults: Why it does not work as it should.
        warnings: What works, but costs users something: a slow import, printing at import, a thread.
        offers: Kind and name of components that its hooks register.
    """

    info: ComponentInfo
    import_ms: float | None
    api: str | None
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()
    offers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that the doctor found; ``faults`` and ``warnings`` hold those of the components too."""

    components: tuple[Examined, ...]
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]


class Doctor:
    """Examines the plugins of a host without importing any of them into this process."""

    def __init__(
        self, host: Host, *, limit: float = 10.0, budget: float = 1.0, sample: str | None = None
    ) -> None:
        """A doctor for the plugins of ``host``.

        Args:
            host: It is asked what is installed, and for its settings.
            limit: Seconds that a plugin's import, with its hooks and checks, may take.
            budget: Seconds after which an import is told to be slow.
            sample: Where a function is that makes a small workflow, as ``module:attribute``; hooks that see
                workflows are shown it. None: they are not called.
        """
        self._host = host
        self._probing = Probing(limit=limit, budget=budget, sample=sample)

    def examine(self) -> Diagnosis:
        """Runs all checks. Imports that were denied are not tried."""
        infos = [info for info in self._host.list() if info.state != "denied"]
        pool = ThreadPoolExecutor(_cores())
        try:
            components = tuple(pool.map(self._examined, infos))
        finally:
            self._probing.stop()
            pool.shutdown(cancel_futures=True)
        found = [fault for component in components for fault in component.faults]
        found += [*_conflicts(infos), *self._of_metadata(), *self._of_settings(components)]
        warnings = [warning for component in components for warning in component.warnings]
        return Diagnosis(components, tuple(found), tuple(warnings))

    def _examined(self, info: ComponentInfo) -> Examined:
        if info.source in ("hook", "code"):
            return Examined(info, None, None)
        origin = info.origin
        configured = self._host.settings.configured(origin)
        try:
            report = self._probing.probe(origin, configured)
        except PluginError as error:
            return Examined(info, None, None, (_fault(origin, error.message, error.fix or ""),))
        wrong = [_fault(origin, message, fix) for message, fix in report.faults]
        source = configured.source
        wrong += [
            _fault(origin, f"{source}: {problem}", f"change it in {source}") for problem in report.settings
        ]
        return Examined(
            info, report.import_ms, report.api, tuple(wrong), _warnings(origin, report), report.offers
        )

    def _of_metadata(self) -> Iterable[Fault]:
        scan = self._host.installed()
        settings = self._host.settings
        for installed in scan.distributions:
            if all(settings.denies(offer) for offer in installed.offers):
                continue
            for message, fix in metadata.faults_of(installed):
                yield Fault(installed.name, installed.version, None, message, fix)
        for double, message, fix in metadata.doubles(scan):
            yield Fault(double.name, double.version, None, message, fix)
        for stray, message, fix in metadata.strays(scan):
            yield Fault(stray.distribution, stray.version, None, message, fix)
        for place, reason in scan.unreadable:
            yield Fault(place, None, None, f"its metadata cannot be read ({reason})", "reinstall the package")

    def _of_settings(self, examined: Iterable[Examined]) -> Iterable[Fault]:
        infos, settings = self._host.list(), self._host.settings
        for problem in settings.unmatched(frozenset(info.distribution for info in infos)):
            yield Fault("configuration", None, None, problem, "install it, or take it off the list")
        offered = {(info.kind, info.name) for info in infos}
        offered |= {offer for one in examined for offer in one.offers}
        for problem in settings.unoffered(offered):
            yield Fault("configuration", None, None, problem, "install it, or take its settings out")


def _cores() -> int:
    """How many plugins are imported at a time: as many as there are cores for this process."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _conflicts(infos: list[ComponentInfo]) -> Iterable[Fault]:
    for info in infos:
        if info.state == "conflict":
            component = f"{info.kind} {info.name!r}"
            fix = faults.prefer_fix(info.kind, info.name, info.distribution)
            yield Fault(info.distribution, info.version, component, info.error or "", fix)


def _warnings(origin: Origin, report: Report) -> tuple[Fault, ...]:
    to_whom = "" if origin.version is None else "ask its author to "
    return tuple(
        _fault(origin, f"{origin}: {message}", f"{to_whom}{advice}") for message, advice in report.warnings
    )


def _fault(origin: Origin, message: str, fix: str) -> Fault:
    what = faults.without_fix(message, fix)  # it has a field of its own here
    return Fault(origin.distribution, origin.version, f"{origin.kind} {origin.name!r}", what, fix)
