"""Tries a module of hooks in a process that is of no further use: every hook it has is called once."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from graphbit_core.contracts import ENTRY_POINT_GROUPS
from graphbit_core.errors import Finding, PluginError
from graphbit_core.host import hooks
from graphbit_core.host.configured import Configured
from graphbit_core.host.faults import hook_failed, unusable
from graphbit_core.host.host import Host
from graphbit_core.host.loading import contained
from graphbit_core.host.records import Origin, Told
from graphbit_core.host.settings import HostSettings
from graphbit_core.nearest import nearest

KNOWN = tuple(name for name in vars(hooks) if name.startswith("graphbit_"))
_MARK = f"{hooks.PROJECT}_impl"
"""The attribute by which pluggy knows an implementation."""


class Trial:
    """A plugin in a host of its own, in a process that is of no further use."""

    def __init__(self, origin: Origin, plugin: object, configured: Configured) -> None:
        """A trial of ``plugin``, which is told what is ``configured``."""
        settings = {(configured.kind, configured.name): configured.values}
        self._host = Host(HostSettings(strict=True, settings=settings), scan=False)
        self._origin = origin
        self._plugin = plugin

    def run(self, sample: Any) -> list[Told]:
        """Registers it, and calls its hooks with harmless arguments; what is wrong.

        What the hooks return is run only where that is what a command line does at its start: commands are
        added to a parser that is thrown away, and checks for the doctor are run.

        Args:
            sample: A function that makes the workflow ``graphbit_workflow_compiled`` is shown; None: that
                hook is not called.

        Raises:
            ConfigError: Its settings do not fit.
        """
        origin = self._origin
        wrong = list(_without_mark(origin, self._plugin))
        try:
            self._host.register(self._plugin, origin.name, origin=origin)
        except PluginError as error:
            return [*wrong, _told(error)]
        implemented = marked(self._plugin)
        if not implemented and not wrong:
            problem = "it has no hook: no function in it is marked with @hookimpl"
            wrong.append(_told(unusable(origin, problem)))
        for hook, calls in _arguments(
            sample if "graphbit_workflow_compiled" in implemented else None
        ).items():
            if hook in implemented:
                wrong += _called(self._host, origin, hook, calls)
        return wrong

    def offers(self) -> list[tuple[str, str]]:
        """Kind and name of the components that its hooks have registered."""
        return [(info.kind, info.name) for info in self._host.list()]


def _arguments(sample: Any) -> dict[str, list[dict[str, Any]]]:
    """Hook → the arguments of each call. Registering calls ``graphbit_register_components`` already."""
    return {
        "graphbit_add_cli_commands": [{}],
        "graphbit_wrap_component": [{"kind": kind, "name": "doctor"} for kind in ENTRY_POINT_GROUPS],
        "graphbit_subscribe_events": [{}],
        "graphbit_workflow_compiled": [{"workflow": sample()}] if sample else [],
        "graphbit_doctor_checks": [{}],
    }


def _called(host: Host, origin: Origin, hook: str, calls: list[dict[str, Any]]) -> Iterator[Told]:
    try:
        results = [result for arguments in calls for result in host.call(hook, **arguments)]
        if hook == "graphbit_add_cli_commands":
            for command in results:
                _add(origin, command)
    except PluginError as error:
        yield _told(error)
        return
    if hook == "graphbit_doctor_checks":
        for check in results:
            yield from _findings(check)


def _add(origin: Origin, command: Any) -> None:
    parser = argparse.ArgumentParser(prog="graphbit").add_subparsers()
    contained(lambda: command.add(parser), lambda error: hook_failed(origin, "command", error))


def _findings(check: Callable[[], Iterable[Finding]]) -> list[Told]:
    try:
        return [(finding.message, finding.fix) for finding in check()]
    except Exception as error:  # noqa: BLE001 - a check that cannot run is a finding too
        problem = f"its doctor check raised {type(error).__name__}: {error}"
        return [(problem, "mend the check, or upgrade the plugin")]


def marked(plugin: object) -> set[str]:
    """The hooks it implements."""
    marks = {name: getattr(getattr(plugin, name, None), _MARK, None) for name in dir(plugin)}
    return {mark.get("specname") or name for name, mark in marks.items() if isinstance(mark, dict)}


def _without_mark(origin: Origin, plugin: object) -> Iterator[Told]:
    """Functions that are named like a hook and are none, because ``@hookimpl`` is missing."""
    for name in dir(plugin):
        function = getattr(plugin, name, None)
        if not name.startswith("graphbit_") or not inspect.isroutine(function) or hasattr(function, _MARK):
            continue
        if name in KNOWN:
            yield _told(unusable(origin, f"{name} is never called: it is not marked with @hookimpl"))
        elif near := nearest(name, KNOWN):
            yield _told(unusable(origin, f"{name} is never called: there is no such hook{near}"))


def _told(error: PluginError) -> Told:
    return error.message, error.fix or ""
