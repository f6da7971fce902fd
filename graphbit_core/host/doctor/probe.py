"""Imports one plugin in a process of its own and reports what happened. Run by the doctor."""

from __future__ import annotations

import faulthandler
import json
import os
import re
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

from graphbit_core.errors import ConfigError, PluginError
from graphbit_core.host.checks import check
from graphbit_core.host.configured import Configured
from graphbit_core.host.doctor.footprint import changed, footprint, left_running
from graphbit_core.host.loading import load, resolve
from graphbit_core.host.records import PLUGIN, Origin, Told

BOOT = (
    "import json, sys; sys.path[:], job = json.load(open(sys.argv[1], encoding='utf-8')); "
    "from graphbit_core.host.doctor.probe import main; main(**job)"
)
"""What ``python -c`` runs. The path is handed over, so that the child finds what its parent finds; in a file,
because settings may hold a key, and command lines are no secret."""

BEGUN, IMPORTED, REPORT = (f"\ngraphbit plugins doctor: {what}\n" for what in ("begun", "imported", "report"))
"""What both outputs are divided by: what the import wrote stands between the first and the second."""

_RESERVED = re.compile(r"__graphbit_\w+__")


def main(origin: dict[str, Any], configured: dict[str, Any], sample: str | None, limit: float) -> None:
    """Probes, and writes one JSON object to standard output, after all that the plugin prints.

    Args:
        origin: The fields of an Origin.
        configured: Those of a Configured: what the configuration tells the plugin.
        sample: Where a function is that makes a small workflow, as ``module:attribute``.
        limit: After so many seconds it is written to standard error where the plugin stands then.
    """
    outputs = os.dup(1), os.dup(2)  # a plugin may close the ones that it knows
    faulthandler.dump_traceback_later(limit, file=outputs[1])
    report = probe(Origin(**origin), Configured(**configured), sample, outputs)
    _mark(outputs, REPORT)
    with os.fdopen(outputs[0], "w", encoding="utf-8") as channel:
        json.dump(report, channel)
    os._exit(0)  # threads and exit handlers that the plugin left behind are of no interest


def probe(
    origin: Origin, configured: Configured, sample: str | None, outputs: tuple[int, int]
) -> dict[str, Any]:
    """Imports and checks it; hooks are called.

    Returns:
        ``import_ms`` and ``api``, which are None if they could not be found out; ``faults`` and ``warnings``,
        each a message and what mends it; ``settings``, what is wrong with those; ``offers``, kind and name of
        what its hooks register.
    """
    report: dict[str, Any] = {"import_ms": None, "api": None}
    report |= {"faults": [], "warnings": [], "settings": [], "offers": []}
    try:
        component = _imported(origin, report, outputs)
        report["api"] = _version(component)
        report["warnings"] += _reserved(component)
        check(origin, component)
        report["settings"] += configured.problems(component)
        if origin.kind == PLUGIN and not report["settings"]:
            _try(origin, component, configured, sample, report)
    except PluginError as error:
        report["faults"].append((error.message, error.fix))
    except ConfigError as error:  # refused by the plugin's own class
        report["settings"].append(error.message.removeprefix(f"{configured.source}: "))
    return report


def _imported(origin: Origin, report: dict[str, Any], outputs: tuple[int, int]) -> object:
    before, threads = footprint(), frozenset(threading.enumerate())
    _mark(outputs, BEGUN)
    start = time.perf_counter()
    try:
        component = load(origin)
        report["import_ms"] = round((time.perf_counter() - start) * 1000, 1)
    finally:
        _mark(outputs, IMPORTED)
    report["warnings"] += _left_behind(before, threads)
    return component


def _mark(outputs: tuple[int, int], text: str) -> None:
    for stream, descriptor in zip((sys.stdout, sys.stderr), outputs, strict=True):
        if not stream.closed:
            stream.flush()
        os.write(descriptor, text.encode())


def _try(
    origin: Origin, plugin: object, configured: Configured, sample: str | None, report: dict[str, Any]
) -> None:
    from graphbit_core.host.doctor.trial import Trial  # pluggy and argparse, only where there are hooks

    trial = Trial(origin, plugin, configured)
    report["faults"] += trial.run(resolve(sample) if sample else None)
    report["offers"] += trial.offers()


def _left_behind(before: Mapping[str, object], threads: frozenset[threading.Thread]) -> list[Told]:
    found = [
        (f"its import changes {what}, which it shares with the program", "leave that to the program")
        for what in changed(before)
    ]
    if names := left_running(threads):
        problem = f"its import starts {'a thread' if len(names) == 1 else 'threads'}: {', '.join(names)}"
        found.append((problem, "start threads when they are first needed"))
    return found


def _reserved(component: object) -> list[Told]:
    names = [name for name in dir(component) if _RESERVED.fullmatch(name)]
    if not names:
        return []
    problem = f"it uses {', '.join(names)}; such names are reserved for a later version of the plugin API"
    return [(problem, "choose names without underscores around them")]


def _version(component: object) -> str | None:
    declared = getattr(component, "graphbit_api", None)
    return ".".join(map(str, declared)) if isinstance(declared, tuple) else None
