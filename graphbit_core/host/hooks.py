"""All hooks there are. A plugin implements some of them and is found in the group ``graphbit.plugins``.

Hooks are called when a host, a command line or a workflow is set up, never while a workflow runs: what has
to happen then is a function that a hook returns. An implementation that raises loses only its own result.

An implementation names the arguments it wants and leaves out the others. Every hook has ``settings``: what
the configuration says in ``[plugins.settings]``, as an instance of the class that the plugin names as
``graphbit_settings`` (a dataclass, or any class with annotated keywords); None if it names none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

import pluggy

from graphbit_core.errors import Finding
from graphbit_core.host.records import Registration
from graphbit_core.types.subscriptions import Subscriber

PROJECT = "graphbit"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function as the implementation of the hook whose name it bears."""

MANY = frozenset({"graphbit_register_components", "graphbit_add_cli_commands", "graphbit_doctor_checks"})
"""Hooks that return an iterable; its items are joined with those of the other plugins."""

NOTHING = frozenset({"graphbit_workflow_compiled"})
"""Hooks whose result is not used. The remaining ones return a function, or None;
``graphbit_subscribe_events`` also a function and the types of events it is for."""


class Command(Protocol):
    """A command of the command line."""

    def add(self, subparsers: Any) -> None:
        """Adds its parser, and with ``set_defaults(run=…)`` a function ``run(args) -> exit status``."""
        ...


@hookspec
def graphbit_register_components(settings: Any) -> Iterable[Registration]:  # type: ignore[empty-body]
    """Components that are not entry points: made from data, or chosen when the host starts."""


@hookspec
def graphbit_add_cli_commands(settings: Any) -> Iterable[Command]:  # type: ignore[empty-body]
    """Commands for ``graphbit``."""


@hookspec
def graphbit_wrap_component(kind: str, name: str, settings: Any) -> Callable[[Any], Any] | None:
    """A function that is given each new instance of this component and returns what is used instead.

    What it returns must have the methods and attributes that the instance has of its kind's contract. If it
    has not, or if the function raises, a warning names the plugin, and the instance is used as it was; with
    ``GRAPHBIT_PLUGINS_STRICT=1`` the error is raised.
    """


@hookspec
def graphbit_workflow_compiled(workflow: Any, settings: Any) -> None:
    """Sees every workflow that was compiled."""


@hookspec
def graphbit_subscribe_events(settings: Any) -> Subscriber | None:
    """A function that is given each event of a run. It runs on the run's thread: never block it.

    ``(function, types)`` is given only events of these types, such as ``["node.*"]``. A function alone is
    given all, so agents ask their models to stream, as they do for whoever wants ``llm.delta``.
    """


@hookspec
def graphbit_doctor_checks(settings: Any) -> Iterable[Callable[[], Iterable[Finding]]]:  # type: ignore[empty-body]
    """Checks for ``graphbit plugins doctor``; each returns what it found wrong."""
