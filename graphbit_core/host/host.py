"""The host: gives a component by kind and name, and keeps a broken plugin from harming the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from graphbit_core.errors import ComponentNotFoundError, PluginConflictError, PluginError
from graphbit_core.host import faults
from graphbit_core.host.candidate import Candidate
from graphbit_core.host.discovery import Scan
from graphbit_core.host.index import Index
from graphbit_core.host.making import maker
from graphbit_core.host.records import PLUGIN, ComponentInfo, Key, Origin
from graphbit_core.host.registry import Registry
from graphbit_core.host.reporter import Reporter
from graphbit_core.host.settings import HostSettings


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
        self.reporter = Reporter(strict=self.settings.strict)
        self._registry = Registry(self.settings, self.reporter, path if scan else ())

    @property
    def closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._registry.closed

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
        return self._choose(kind, name).get(self._warn_of)

    def create(self, kind: str, name: str, /, **settings: Any) -> Any:
        """An instance made with ``settings``, then wrapped by the plugins' middleware.

        What the configuration has for it stands under ``settings``. The middleware of the plugin registered
        last is the outermost. A row of data is returned with ``settings`` in place of its own fields.

        Raises:
            ValidationError: A setting is unknown or missing.
            ConfigError: The configuration has a setting for it that is unknown or of the wrong type.
            PluginError: As ``component`` does.
        """
        return self.maker(kind, name)(**settings)

    def maker(self, kind: str, name: str) -> Callable[..., Any]:
        """What ``create`` calls with the settings; for whoever makes many of a kind.

        Raises:
            ConfigError: As ``create`` does.
            PluginError: As ``component`` does.
        """
        candidate = self._choose(kind, name)
        component = candidate.get(self._warn_of)
        make = maker(kind, name, component, self._configured(candidate, component), self)
        wrappers = self._registry.wrappers(kind, candidate.origin.name)
        if not wrappers:
            return make
        from graphbit_core.host.middleware import wrapping

        return wrapping(make, kind, name, wrappers, self.reporter)

    def configured(self, kind: str, name: str) -> Mapping[str, Any]:
        """The settings that the configuration has for a component, in the types that it wants.

        ``create`` puts them under what it is given; this is for who has to know them before.

        Raises:
            ConfigError: One of them is not known, or of the wrong type.
            PluginError: As ``component`` does.
        """
        candidate = self._choose(kind, name)
        return self._configured(candidate, candidate.get(self._warn_of))

    def list(self, kind: str | None = None) -> list[ComponentInfo]:
        """What is offered; nothing is imported for it. Modules of hooks have the kind ``plugin``."""
        if kind is not None:
            faults.check_kind(kind, plugins=True)
        self._registry.find()
        index = self._registry.index
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
        return [result for _, result in self.call_each(hook, only=only, **arguments)]

    def call_each(
        self, hook: str, *, only: str | None = None, **arguments: Any
    ) -> Sequence[tuple[Origin, Any]]:
        """As ``call``, with who returned it; for functions that are later run with ``reporter.guarded``."""
        self._registry.configure()
        return self._registry.call(hook, arguments, only)

    def installed(self) -> Scan:
        """What the scan found: distributions, duplicates, and metadata that could not be read."""
        return self._registry.find()

    def snapshot(self) -> tuple[object, object]:
        """Two objects that stay the same ones for as long as ``create`` would use the same components."""
        self._registry.configure()
        return self._registry.snapshot()

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
        self._registry.add([Candidate(origin, component=component, replaces=replaces)])

    def remove(self, kind: str, name: str) -> None:
        """Removes what ``add`` added.

        Raises:
            ComponentNotFoundError: Nothing of this name was added.
        """
        added = [c for c in self._registry.index.offers(kind, name) if c.origin.source == "code"]
        if not added:
            raise ComponentNotFoundError(f"no {kind} {name!r} was added to this host", kind=kind, name=name)
        self._registry.remove(added.__contains__)

    def register(self, plugin: object, name: str | None = None, origin: Origin | None = None) -> str:
        """Registers an object that implements hooks, with the components it adds: all or nothing.

        Args:
            plugin: A module, or any object with methods marked ``hookimpl``.
            name: What it is called in errors and removed by; default: its own name.
            origin: Who offers it, where that is known better.

        Returns:
            The name to remove it by.

        Raises:
            ConfigError: The configuration has a setting for it that its ``graphbit_settings`` does not take.
            PluginError: It is registered already, or one of its hooks or components is wrong.
        """
        owner = name or getattr(plugin, "__name__", None) or f"{type(plugin).__name__}-{id(plugin):x}"
        self._registry.register(owner, origin or Origin(PLUGIN, owner, owner, source="code"), plugin)
        return owner

    def unregister(self, plugin: object) -> None:
        """Removes a plugin, given by name or as the object, and everything that it added.

        What was made before stays as it was made: a client keeps its wrapped provider, and a run that goes
        on its subscribers. Whatever is made, compiled or started afterwards knows nothing of the plugin.

        Raises:
            ComponentNotFoundError: It is not registered.
        """
        self._registry.unregister(plugin)

    def close(self) -> None:
        """Removes all plugins and components. A closed host answers every question with a PluginError."""
        self._registry.close()

    # --- inside

    def _choose(self, kind: str, name: str) -> Candidate:
        faults.check_kind(kind)
        self._registry.configure()
        return self._registry.index.choose(kind, name, self.settings.prefer)

    def _configured(self, candidate: Candidate, component: Any) -> Mapping[str, Any]:
        if not self.settings.settings:
            return {}
        return self.settings.configured(candidate.origin).fitted(component)

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

    def _warn_of(self, error: PluginError) -> None:
        self.reporter.warn(error.message)
