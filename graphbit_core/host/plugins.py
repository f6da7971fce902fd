"""Modules and objects that implement hooks: registering, calling and removing them, through pluggy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pluggy

from graphbit_core.errors import PluginError
from graphbit_core.host import faults, hooks
from graphbit_core.host.loading import contained
from graphbit_core.host.records import Origin
from graphbit_core.nearest import nearest
from graphbit_core.types.subscriptions import subscription


class Plugins:
    """The plugins of one host, which holds its lock while it changes them. Hooks are called without it."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager(hooks.PROJECT)
        self._manager.add_hookspecs(hooks)
        self._known: dict[str, tuple[Origin, Any]] = {}
        """Who offers each, and its settings. Hooks of one that is not in it are not called."""

    def register(self, owner: str, origin: Origin, plugin: object, settings: Any) -> None:
        """All of its hooks, or none.

        Args:
            owner: What it is called here.
            origin: Who offers it.
            plugin: The module or object.
            settings: What its hooks get as ``settings``.

        Raises:
            PluginLoadError: It has a hook that does not exist, or one with wrong arguments.
        """
        for name in dir(plugin):
            options = self._manager.parse_hookimpl_opts(plugin, name)
            if options is not None:
                self._check(origin, options.get("specname") or name, options)
        contained(
            lambda: self._manager.register(plugin, owner),
            lambda error: faults.unusable(origin, f"its hooks cannot be registered ({_on_one_line(error)})"),
        )
        self._known[owner] = origin, settings

    def unregister(self, owner: str) -> None:
        """Removes its hooks."""
        del self._known[owner]
        self._manager.unregister(name=owner)

    def names(self) -> Iterator[str]:
        """What the plugins are called in errors and in the configuration."""
        return (origin.name for origin, _ in self._known.values())

    def has(self, owner: str) -> bool:
        """Whether a plugin of this name is registered."""
        return owner in self._known

    def owner_of(self, plugin: object) -> str | None:
        """The name of a registered plugin, given the name or the object; None if there is no such plugin."""
        if isinstance(plugin, str):
            return plugin if plugin in self._known else None
        return next((name for name, known in self._manager.list_name_plugin() if known is plugin), None)

    def call(
        self, hook: str, arguments: dict[str, Any], report: Callable[[PluginError], None], only: str | None
    ) -> list[tuple[Origin, Any]]:
        """Calls each implementation by itself, the last registered first; returns who returned what.

        Args:
            hook: The hook's name.
            arguments: By name; an implementation takes those it names, and its plugin's ``settings``.
            report: Hears of each implementation that failed.
            only: Call this plugin's alone.
        """
        results: list[tuple[Origin, Any]] = []
        for implementation in reversed(getattr(self._manager.hook, hook).get_hookimpls()):
            owner = implementation.plugin_name
            known = self._known.get(owner)
            if known is None or only not in (None, owner):
                continue
            origin, settings = known
            wanted = (*implementation.argnames, *implementation.kwargnames)
            given = {
                name: value for name, value in [*arguments.items(), ("settings", settings)] if name in wanted
            }
            try:
                found = _call(hook, origin, implementation.function, given)
            except PluginError as error:
                report(error)
            else:
                results += [(origin, result) for result in found]
        return results

    def _check(self, origin: Origin, hook: str, options: Any) -> None:
        known = [name for name in vars(hooks) if name.startswith("graphbit_")]
        if hook not in known and not options.get("optionalhook"):
            raise faults.unusable(origin, f"there is no hook {hook!r}{nearest(hook, known)}")
        if options.get("wrapper") or options.get("hookwrapper"):
            raise faults.unusable(
                origin, f"{hook} is a hook wrapper; use graphbit_wrap_component to wrap what others offer"
            )


def _on_one_line(error: BaseException) -> str:
    return " ".join(str(error).split())


def _call(hook: str, origin: Origin, function: Callable[..., Any], given: dict[str, Any]) -> list[Any]:
    return contained(
        lambda: list(_results(hook, function(**given))), lambda error: faults.hook_failed(origin, hook, error)
    )


def _results(hook: str, result: Any) -> Iterator[Any]:
    if hook in hooks.NOTHING:
        return
    if hook in hooks.MANY:
        yield from result
    elif result is not None:
        if hook == "graphbit_subscribe_events" and isinstance(result, tuple):
            subscription(result)  # raises where it is none
        elif not callable(result):
            raise TypeError(f"{hook} must return a function or None, not {result!r:.60}")
        yield result
