"""What a host holds: the index of offers, the plugins, and the locks under which they change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from graphbit_core.errors import ComponentNotFoundError, ConfigError, PluginError
from graphbit_core.host import faults, offers
from graphbit_core.host.candidate import Candidate
from graphbit_core.host.discovery import Scan, scan as scan_installed
from graphbit_core.host.index import Index
from graphbit_core.host.loading import forget_file
from graphbit_core.host.records import PLUGIN, Key, Origin
from graphbit_core.host.reporter import Reporter
from graphbit_core.host.settings import HostSettings

if TYPE_CHECKING:
    from graphbit_core.host.middleware import Wrapper
    from graphbit_core.host.plugins import Plugins


class Registry:
    """Scans once, imports modules of hooks once, and changes by replacing its index.

    Attributes:
        index: What is offered. Immutable: it is read without a lock.
        scan: What the scan found; None before it.
        closed: Whether it was closed; it then answers nothing.
    """

    def __init__(self, settings: HostSettings, reporter: Reporter, path: Sequence[str] | None) -> None:
        self.index = Index()
        self.scan: Scan | None = None
        self.closed = False
        self._settings = settings
        self._reporter = reporter
        self._path = path
        self._plugins: Plugins | None = None
        self._configured = self._configuring = False
        self._wrappers: dict[Key, Sequence[Wrapper]] = {}
        self._lock = threading.Lock()
        """Held briefly, to replace the index."""
        self._setup = threading.RLock()
        """Held while plugins are imported, registered or asked for middleware."""

    def find(self) -> Scan:
        """Scans, if that was not done yet."""
        if self.scan is not None:
            return self.scan
        with self._lock:
            if self.closed:
                raise PluginError("this host is closed; ask default_host() or make another")
            if self.scan is None:
                found = scan_installed(self._path)
                self.index = self.index.plus(offers.found(found, self._settings))
                self.scan = found
            return self.scan

    def configure(self) -> None:
        """Imports and registers the modules of hooks, once. One that asks this host meanwhile may."""
        if self._configured:
            return
        with self._setup:
            self.find()
            if self._configured or self._configuring:
                return
            self._configuring = True
            try:
                self._check_names()
                for candidate in self.index:
                    if candidate.origin.kind == PLUGIN and candidate.denied is None:
                        self._start(candidate)
                self._check_settings()
                self._configured = True
            finally:
                self._configuring = False

    def register(self, owner: str, origin: Origin, plugin: object) -> None:
        """Adds a plugin's hooks and the components it registers: all or nothing."""
        from graphbit_core.host.plugins import Plugins  # pluggy, only when there is a plugin

        with self._setup:
            plugins = self._plugins = self._plugins or Plugins()
            settings = self._settings.configured(origin).instance(origin, plugin)
            plugins.register(owner, origin, plugin, settings)
            try:
                results = plugins.call("graphbit_register_components", {}, _raise, owner)
                self.add(offers.registered(owner, origin, [result for _, result in results]))
            except BaseException:
                plugins.unregister(owner)
                raise
            self._wrappers = {}

    def unregister(self, plugin: object) -> None:
        """Removes a plugin, given by name or as the object, and everything that it added."""
        with self._setup:
            plugins = self._plugins
            owner = plugins.owner_of(plugin) if plugins else None
            if plugins is None or owner is None:
                raise ComponentNotFoundError(f"no plugin {plugin!r} is registered", kind=PLUGIN)
            plugins.unregister(owner)
            self._wrappers = {}
            self.remove(lambda candidate: candidate.owner == owner)

    def add(self, candidates: Iterable[Candidate]) -> None:
        """Adds offers: all, or none if one of them is there already."""
        with self._lock:
            index = self.index
            for candidate in candidates:
                origin = candidate.origin
                there = index.offers(origin.kind, origin.name)
                if any(offer.origin.distribution == origin.distribution for offer in there):
                    raise faults.taken(origin)
                index = index.plus([candidate])
            self.index = index

    def remove(self, unwanted: Callable[[Candidate], bool]) -> None:
        """Removes offers."""
        with self._lock:
            self.index = self.index.minus(unwanted)

    def close(self) -> None:
        """Removes everything."""
        with self._setup, self._lock:
            in_house = [one.origin for one in self.index if one.origin.source == "in-house"]
            self.closed = True
            self.index, self.scan, self._plugins = Index(), None, None
            self._configured = False
            self._wrappers = {}
            for origin in in_house:
                forget_file(origin)

    def call(self, hook: str, arguments: dict[str, Any], only: str | None) -> Sequence[tuple[Origin, Any]]:
        """Who returned what."""
        plugins = self._plugins  # another thread may close the host meanwhile
        return plugins.call(hook, arguments, self._reporter.report, only) if plugins else ()

    def snapshot(self) -> tuple[object, object]:
        """Two objects that are replaced whenever a component, or what wraps it, may be another one."""
        return self.index, self._wrappers

    def wrappers(self, kind: str, name: str) -> Sequence[Wrapper]:
        """The middleware of a component, innermost first. Plugins are asked once per component."""
        found = self._wrappers.get((kind, name))
        if found is None:
            with self._setup:
                last_first = self.call("graphbit_wrap_component", {"kind": kind, "name": name}, None)
                found = self._wrappers[kind, name] = last_first[::-1]
        return found

    def _start(self, candidate: Candidate) -> None:
        origin = candidate.origin
        owner = f"{origin.distribution}:{origin.name}"
        if self._plugins is not None and self._plugins.has(owner):
            return
        try:
            self.register(owner, origin, candidate.get(self._reporter.report))
        except (PluginError, ConfigError) as error:
            candidate.fail(error)
            self._reporter.report(error)

    def _check_names(self) -> None:
        known = frozenset(candidate.origin.distribution for candidate in self.index)
        for problem in self._settings.unmatched(known):
            self._reporter.setting(problem)
        for place, reason in self.find().unreadable:
            self._reporter.warn(f"the metadata at {place} cannot be read ({reason}); reinstall that package")

    def _check_settings(self) -> None:
        offered = {(candidate.origin.kind, candidate.origin.name) for candidate in self.index}
        offered |= {(PLUGIN, name) for name in self._plugins.names()} if self._plugins else set()
        for problem in self._settings.unoffered(offered):
            self._reporter.setting(problem)


def _raise(error: PluginError) -> None:
    raise error
