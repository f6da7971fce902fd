"""Calls the hooks of a plugin, and sees what they do to the process."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout, suppress
from io import StringIO
from typing import Any

from graphbit_core.host import Host, hooks
from graphbit_core.testing.rules.stand_ins import stand_in
from graphbit_core.types.events import Event
from graphbit_core.workflow.node import Node
from graphbit_core.workflow.workflow import Workflow

HOOKS = frozenset(name for name in vars(hooks) if name.startswith("graphbit_"))
NAME = "under_test"
_NO_HOOKS = frozenset({"graphbit_api", "graphbit_settings"})
"""Names that begin as those of hooks do."""


def implemented(plugin: object) -> set[str]:
    """The hooks that it says it implements, whether they exist or not."""
    marks = {name: _mark(plugin, name) for name in dir(plugin)}
    return {mark.get("specname") or name for name, mark in marks.items() if mark is not None}


def unmarked(plugin: object) -> list[str]:
    """Functions that are named as hooks are, and are not marked as one."""
    named = {name for name in dir(plugin) if name.startswith("graphbit_")} - _NO_HOOKS
    return sorted(n for n in named if callable(getattr(plugin, n)) and _mark(plugin, n) is None)


def _mark(plugin: object, name: str) -> Mapping[str, Any] | None:
    found = getattr(getattr(plugin, name, None), f"{hooks.PROJECT}_impl", None)
    return found if isinstance(found, dict) else None


def call_all(host: Host) -> list[Any]:
    """What all hooks of a host return."""
    arguments: dict[str, dict[str, Any]] = {
        "graphbit_wrap_component": {"kind": "splitter", "name": NAME},
        "graphbit_workflow_compiled": {"workflow": sample_workflow()},
    }
    return [
        result for hook in sorted(HOOKS) for result in host.call(hook, only=None, **arguments.get(hook, {}))
    ]


def sample_workflow() -> Workflow:
    """A workflow of two nodes."""
    first, second = Node.transform("first", expression="1"), Node.transform("second", template="{first}")
    return Workflow("conformance").chain(first, second)


def wrapped(host: Host, kind: str, name: str) -> tuple[Any, Any]:
    """A stand-in, and what the middleware of the host makes of another."""
    made = stand_in(kind)
    host.add(kind, name, made)
    return made(), host.create(kind, name)


def help_of(parser: argparse.ArgumentParser, command: str) -> str:
    """What ``--help`` of a command prints."""
    printed = StringIO()
    with redirect_stdout(printed), suppress(SystemExit):
        parser.parse_args([command, "--help"])
    return printed.getvalue()


def seconds(subscriber: Callable[[Event], Any], event: Event) -> float:
    """How long a subscriber takes for an event: the best of three, as other work is not the plugin's."""
    best = float("inf")
    for _ in range(3):
        started = time.perf_counter()
        subscriber(event)
        best = min(best, time.perf_counter() - started)
    return best


def process() -> dict[str, Any]:
    """What a plugin could change of the process."""
    return {
        "the environment": dict(os.environ),
        "sys.path": list(sys.path),
        "the handlers of the root logger": list(logging.getLogger().handlers),
        "sys.excepthook": sys.excepthook,
        "the threads": set(threading.enumerate()),
    }
