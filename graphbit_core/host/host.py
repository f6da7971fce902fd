"""The host: gives a component by kind and name, and keeps a broken plugin from harming the others."""

from __future__ import annotations

import dataclasses
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from graphbit_core.errors import ComponentNotFoundError, ConfigError, PluginConflictError, PluginError
from graphbit_core.host import faults, offers
from graphbit_core.host.arguments import check_arguments
from graphbit_core.host.candidate import Candidate
from graphbit_core.host.discovery import Scan, scan as scan_installed
from graphbit_core.host.index import Index, Key
from graphbit_core.host.loading import contained, logger, module_name
from graphbit_core.host.records import PLUGIN, ComponentInfo, Origin
from graphbit_core.host.settings import HostSettings

if TYPE_CHECKING:
    from graphbit_core.host.plugins import Plugins

_Wrapper = tuple[Origin, Callable[[Any], Any]]


class Host:
    """Finds components by kind and name. Any thread may call any method.

    Nothing is scanned before the first question, and nothing is imported before it is used by name,
    except the modules of hooks, which are imported when the first component or hook is used.
    """

    def __init__(
        self, settings: HostSettings | None = None, *, scan: bool = True, path: Sequence[str] | None = None
    ) -> None:
        """A host with its own scan.

        Args:
            settings: The policy; default: every installed plugin is allowed.
            scan: Whether it looks at installed distributions at all.
            path: The folders to look in; default: ``sys.path``.
        """
        self.settings = settings or HostSettings()
        self._scans = scan
        self._path = path
        self._scan: Scan | None = None
        self._index = Index()
        self._plugins: Plugins | None = None
        self._configured = self._configuring = False
        self.closed = False
        self._middleware: dict[Key, Sequence[_Wrapper]] = {}
        self._warned: set[str] = set()
        self._lock = threading.Lock()
        """Held briefly, to replace the index."""
        self._setup = threading.RLock()
        """Held while plugins are imported, registered or asked for middleware."""

    @classmethod
    def isolated(
        cls, components: Mapping[Key, Any] = {}, plugins: Sequence[object] = (), scan: bool = False
    ) -> Self:
        """A host for tests, which reads no environment and no configuration file.

        Args:
            components: Kind and name → class, function or frozen row.
            plugins: Objects that implement hooks.
            scan: Whether it looks at the installed distributions.
        """
        host = cls(scan=scan)
        for (kind, name), component in components.items():
            host.add(kind, name, component)
        for plugin in plugins:
            host.register(plugin)
        return host

    # --- asking

    def component(self, kind: str, name: str) -> Any:
        """The class or row that users call ``name``, imported now if it was not yet.

        Args:
            kind: A kind of component, for example ``loader``.
            name: As the entry point has it; ``name@distribution`` where several offer it.

        Raises:
            ComponentNotFoundError: It is not installed, or its distribution is not allowed.
            PluginConflictError: Several distributions offer it, and nothing says which is meant.
            PluginLoadError: Its import failed; the cause is chained.
            IncompatiblePluginError: It was made for another version of the plugin API.
            ConfigError: There is no such kind.
        """
        return self._choose(kind, name).get(self._warn)

    def create(self, kind: str, name: str, /, **settings: Any) -> Any:
        """An instance made with ``settings``, then wrapped by the plugins' middleware.

        The middleware of the plugin registered last is the outermost. A row of data is returned with
        ``settings`` in place of its own fields.

        Raises:
            ValidationError: A setting is unknown or missing.
            PluginError: As ``component`` does.
        """
        candidate = self._choose(kind, name)
        component = candidate.get(self._warn)
        if callable(component):
            check_arguments(kind, name, component, settings)
            instance = component(**settings)
        else:
            instance = dataclasses.replace(component, **settings) if settings else component
        for origin, wrap in self._wrappers(kind, candidate.origin.name):
            instance = self._wrapped(origin, wrap, instance)
        return instance

    def list(self, kind: str | None = None) -> list[ComponentInfo]:
        """What is offered; nothing is imported for it. Modules of hooks have the kind ``plugin``."""
        if kind is not None:
            faults.check_kind(kind, plugins=True)
        self._find()
        index = self._index
        infos = [
            candidate.info(self._conflict_of(index, candidate))
            for candidate in index
            if kind in (None, candidate.origin.kind)
        ]
        return sorted(infos, key=lambda info: (info.kind, info.name, info.distribution))

    def call(self, hook: str, *, only: str | None = None, **arguments: Any) -> Sequence[Any]:
        """What implementations of ``hook`` return; one that raises is left out, with a warning.

        Args:
            hook: One of those in ``graphbit_core.host.hooks``.
            only: The name of the one plugin to ask; None: all.
            **arguments: What the hook takes.
        """
        self._configure()
        plugins = self._plugins
        if plugins is None:
            return []
        return [result for _, result in plugins.call(hook, arguments, self._report, only)]

    def installed(self) -> Scan:
        """What the scan found: distributions, duplicates, and metadata that could not be read."""
        self._find()
        return self._scan or Scan()

    # --- adding and removing

    def add(self, kind: str, name: str, component: Any, replaces: str | None = None) -> None:
        """Adds an in-house class, function or frozen row.

        Args:
            kind: A kind of component.
            name: What users write.
            component: The class, function or row.
            replaces: The distribution whose component of this name it stands in for.

        Raises:
            PluginConflictError: A component of this name was added already.
        """
        faults.check_kind(kind)
        origin = Origin(kind, name, "in-house", source="code")
        self._extend([Candidate(origin, component=component, replaces=replaces)])

    def remove(self, kind: str, name: str) -> None:
        """Removes what ``add`` added.

        Raises:
            ComponentNotFoundError: Nothing of this name was added.
        """
        with self._lock:
            added = [c for c in self._index.offers(kind, name) if c.origin.source == "code"]
            if not added:
                raise ComponentNotFoundError(
                    f"no {kind} {name!r} was added to this host", kind=kind, name=name
                )
            self._index = self._index.minus(added.__contains__)

    def register(self, plugin: object, name: str | None = None, origin: Origin | None = None) -> str:
        """Registers an object that implements hooks, with the components it adds: all or nothing.

        Args:
            plugin: A module, or any object with methods marked ``hookimpl``.
            name: What it is called in errors and removed by; default: its own name.
            origin: Who offers it, where that is known better.

        Returns:
            The name to remove it by.

        Raises:
            PluginError: It is registered already, or one of its hooks or components is wrong.
        """
        owner = name or getattr(plugin, "__name__", None) or f"{type(plugin).__name__}-{id(plugin):x}"
        self._register(owner, origin or Origin(PLUGIN, owner, owner, source="code"), plugin)
        return owner

    def unregister(self, plugin: object) -> None:
        """Removes a plugin, given by name or as the object, and everything that it added.

        Raises:
            ComponentNotFoundError: It is not registered.
        """
        with self._setup:
            plugins = self._plugins
            owner = None
            if plugins is not None:
                owner = plugins.owner_of(plugin)
            if plugins is None or owner is None:
                raise ComponentNotFoundError(f"no plugin {plugin!r} is registered", kind=PLUGIN)
            plugins.unregister(owner)
            self._middleware.clear()
            with self._lock:
                self._index = self._index.minus(lambda candidate: candidate.owner == owner)

    def close(self) -> None:
        """Removes all plugins and components. A closed host answers every question with a PluginError."""
        with self._setup, self._lock:
            self.closed = True
            self._index, self._plugins, self._scan = Index(), None, None
            self._configured = False
            self._middleware.clear()
            for path in self.settings.paths:
                sys.modules.pop(module_name(path), None)

    # --- inside

    def _choose(self, kind: str, name: str) -> Candidate:
        faults.check_kind(kind)
        self._configure()
        return self._index.choose(kind, name, self.settings.prefer)

    def _conflict_of(self, index: Index, candidate: Candidate) -> str | None:
        if candidate.origin.kind == PLUGIN:
            return None
        try:
            index.choose(candidate.origin.kind, candidate.origin.name, self.settings.prefer)
        except PluginConflictError as error:
            return error.message
        except PluginError:  # denied: its own state says so
            return None
        return None

    def _find(self) -> None:
        """Scans, once."""
        if self._scan is not None:
            return
        with self._lock:
            if self.closed:
                raise PluginError("this host is closed; ask default_host() or make another")
            if self._scan is None:
                found = scan_installed(self._path) if self._scans else Scan()
                self._index = self._index.plus(offers.found(found, self.settings))
                self._scan = found

    def _configure(self) -> None:
        """Imports and registers the modules of hooks, once. One that asks this host meanwhile may."""
        if self._configured:
            return
        with self._setup:
            self._find()
            if self._configured or self._configuring:
                return
            self._configuring = True
            try:
                self._warn_of_settings()
                for candidate in self._index:
                    if candidate.origin.kind == PLUGIN and candidate.denied is None:
                        self._start(candidate)
                self._configured = True
            finally:
                self._configuring = False

    def _start(self, candidate: Candidate) -> None:
        origin = candidate.origin
        owner = f"{origin.distribution}:{origin.name}"
        if self._plugins is not None and self._plugins.has(owner):
            return
        try:
            self._register(owner, origin, candidate.get(self._report))
        except PluginError as error:
            candidate.fail(error)
            self._report(error)

    def _register(self, owner: str, origin: Origin, plugin: object) -> None:
        from graphbit_core.host.plugins import Plugins  # pluggy, only when there is a plugin

        with self._setup:
            plugins = self._plugins = self._plugins or Plugins()
            plugins.register(owner, origin, plugin)
            try:
                results = plugins.call("graphbit_register_components", {}, _raise, owner)
                self._extend(offers.registered(owner, origin, [result for _, result in results]))
            except BaseException:
                plugins.unregister(owner)
                raise
            self._middleware.clear()

    def _extend(self, candidates: Sequence[Candidate]) -> None:
        with self._lock:
            index = self._index
            for candidate in candidates:
                origin = candidate.origin
                same = [
                    offer.origin
                    for offer in index.offers(origin.kind, origin.name)
                    if offer.origin.distribution == origin.distribution
                ]
                if same:
                    raise faults.taken(origin)
                index = index.plus([candidate])
            self._index = index

    def _wrappers(self, kind: str, name: str) -> Sequence[_Wrapper]:
        found = self._middleware.get((kind, name))
        if found is None:
            with self._setup:
                plugins = self._plugins
                arguments = {"kind": kind, "name": name}
                hook = "graphbit_wrap_component"
                last_first = plugins.call(hook, arguments, self._report, None) if plugins else ()
                found = self._middleware[kind, name] = last_first[::-1]
        return found

    def _wrapped(self, origin: Origin, wrap: Callable[[Any], Any], instance: Any) -> Any:
        try:
            return contained(
                lambda: wrap(instance), lambda error: faults.hook_failed(origin, "middleware", error)
            )
        except PluginError as error:
            self._report(error)
            return instance

    def _warn_of_settings(self) -> None:
        known = frozenset(candidate.origin.distribution for candidate in self._index)
        for problem in self.settings.unmatched(known):
            if self.settings.strict:
                raise ConfigError(problem, setting="plugins")
            self._warn_once(problem)
        for place, reason in self._scan.unreadable if self._scan else ():
            self._warn_once(f"the metadata at {place} cannot be read ({reason}); reinstall that package")

    def _report(self, error: PluginError) -> None:
        if self.settings.strict:
            raise error
        self._warn(error)

    def _warn(self, error: PluginError) -> None:
        self._warn_once(error.message)

    def _warn_once(self, message: str) -> None:
        if message not in self._warned:
            self._warned.add(message)
            logger.warning("%s", message)


def _raise(error: PluginError) -> None:
    raise error
