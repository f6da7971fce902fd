"""Imports one plugin in a process of its own and reports what happened. Run by the doctor."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

from graphbit_core.errors import Finding, PluginError
from graphbit_core.host.checks import check
from graphbit_core.host.host import Host
from graphbit_core.host.loading import load
from graphbit_core.host.records import PLUGIN, Origin
from graphbit_core.host.settings import HostSettings

BOOT = (
    "import json, sys; sys.path[:], facts = json.loads(sys.argv[1]); "
    "from graphbit_core.host.probe import main; main(facts)"
)
"""What ``python -c`` runs. The path is handed over, so that the child finds what its parent finds."""


def arguments(origin: Origin) -> list[str]:
    """The command line that probes ``origin``."""
    facts = {**origin.facts(), "source": origin.source}
    return [sys.executable, "-c", BOOT, json.dumps([sys.path, facts])]


def main(facts: dict[str, Any]) -> None:
    """Probes and writes one JSON object to what was stdout; whatever the plugin prints goes to stderr."""
    report = os.dup(1)
    os.dup2(2, 1)
    origin = Origin(**facts)
    with os.fdopen(report, "w", encoding="utf-8") as channel:
        json.dump(probe(origin), channel)
    sys.stderr.flush()
    os._exit(0)  # threads and exit handlers that the plugin left behind are of no interest


def probe(origin: Origin) -> dict[str, Any]:
    """Imports and checks it; a module of hooks is registered and its doctor checks are run."""
    start = time.perf_counter()
    report: dict[str, Any] = {"import_ms": None, "api": None, "error": None, "fix": None, "findings": []}
    try:
        component = load(origin)
        report["import_ms"] = round((time.perf_counter() - start) * 1000, 1)
        report["api"] = _version(component)
        check(origin, component)
        if origin.kind == PLUGIN:
            report["findings"] = _hooks(origin, component)
    except PluginError as error:
        report["error"], report["fix"] = error.message, error.fix
    return report


def _hooks(origin: Origin, plugin: object) -> list[dict[str, str]]:
    host = Host(HostSettings(strict=True), scan=False)
    host.register(plugin, origin.name, origin=origin)
    findings: list[dict[str, str]] = []
    for run in host.call("graphbit_doctor_checks"):
        findings += _findings(run)
    return findings


def _findings(check_plugin: Callable[[], Iterable[Finding]]) -> list[dict[str, str]]:
    try:
        return [{"message": finding.message, "fix": finding.fix} for finding in check_plugin()]
    except Exception as error:  # noqa: BLE001 - a check that cannot run is a finding too
        problem = f"its doctor check raised {type(error).__name__}: {error}"
        return [{"message": problem, "fix": "mend the check, or upgrade the plugin"}]


def _version(component: object) -> str | None:
    declared = getattr(component, "graphbit_api", None)
    return ".".join(map(str, declared)) if isinstance(declared, tuple) else None
