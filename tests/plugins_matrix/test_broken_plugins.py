"""Broken add-ons, built as wheels and all installed beside the core: each harms only itself."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from broken_plugins import ALL, COSTLY, DEADLY, HANG, HOOKS, IMPORTED, STRAY, TAKEN, VERSION, WELL, Broken
from throwaway import Environment, MakeEnv

pytestmark = pytest.mark.integration

USE = """
import sys
from graphbit_core import PluginError, default_host
host = default_host()
try:
    host.component("loader", sys.argv[1])
except PluginError as error:
    print(type(error).__name__, type(error.__cause__).__name__, error.fix, error, sep="|")
print(host.component("node_type", "delay").__name__, host.component("loader", "not-at-all").__name__)
"""
WORKFLOW = """
name: unrelated
nodes:
  wait: {type: delay, seconds: 0}
"""
MET_IN_A_PROCESS = [*IMPORTED, *TAKEN]


@pytest.fixture(scope="module")
def environment(make_env: MakeEnv, wheels: Mapping[Broken, Path]) -> Environment:
    """The core with every broken add-on, and what reads required versions."""
    return make_env("packaging", *(wheels[add_on] for add_on in (*ALL, *COSTLY, WELL)), deps=False)


@pytest.fixture(scope="module")
def diagnosis(environment: Environment) -> dict[str, Any]:
    """What ``graphbit plugins doctor`` reports."""
    done = environment.run("graphbit", "plugins", "doctor", "--timeout", "3", "--json")
    assert done.returncode == 1, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_list_shows_all_of_them_and_says_nothing_on_stderr(environment: Environment) -> None:
    done = environment.run("graphbit", "plugins", "list", timeout=10)
    assert (done.returncode, done.stderr) == (0, "")
    for add_on in (*ALL, *COSTLY, WELL):
        shown = [line.split() for line in done.stdout.splitlines() if f" {add_on.distribution} " in line]
        state = "conflict" if add_on in TAKEN else "available"
        expected = [] if add_on is STRAY else [[add_on.entry, add_on.distribution, VERSION, state]]
        assert [row[1:] for row in shown] == expected


@pytest.mark.parametrize("add_on", ALL, ids=lambda add_on: add_on.label)
def test_doctor_names_distribution_version_fault_and_fix(diagnosis: dict[str, Any], add_on: Broken) -> None:
    faults = [fault for fault in diagnosis["faults"] if fault["distribution"] == add_on.distribution]
    assert {fault["version"] for fault in faults} == {VERSION}
    [fault] = [fault for fault in faults if add_on.said in fault["message"]]
    assert fault["fix"].startswith(add_on.mend)


@pytest.mark.parametrize("add_on", COSTLY, ids=lambda add_on: add_on.label)
def test_doctor_warns_of_what_works_and_costs_something(diagnosis: dict[str, Any], add_on: Broken) -> None:
    [warning] = [found for found in diagnosis["warnings"] if found["distribution"] == add_on.distribution]
    assert warning["version"] == VERSION
    assert add_on.said in warning["message"]
    assert warning["fix"].startswith(add_on.fix)


def test_doctor_reports_a_requirement_that_is_not_installed(diagnosis: dict[str, Any]) -> None:
    messages = [fault["message"] for fault in diagnosis["faults"]]
    assert "requires 'graphbit-test-absent', which is not installed" in messages


def test_doctor_finds_no_fault_in_the_core_and_in_a_healthy_add_on(diagnosis: dict[str, Any]) -> None:
    ill = {fault["distribution"] for fault in diagnosis["faults"]}
    assert ill == {add_on.distribution for add_on in ALL}
    examined = {
        (item["info"]["distribution"], item["info"]["name"]): item for item in diagnosis["components"]
    }
    for well in (("graphbit-core", "delay"), (WELL.distribution, WELL.entry)):
        assert examined[well]["import_ms"] > 0
        assert examined[well]["api"] == "1.0"


@pytest.mark.parametrize("add_on", MET_IN_A_PROCESS, ids=lambda add_on: add_on.label)
def test_using_one_raises_its_own_error_and_the_others_go_on_working(
    environment: Environment, add_on: Broken
) -> None:
    done = environment.run("python", "-c", USE, add_on.entry)
    assert done.returncode == 0, done.stderr
    error, unrelated = done.stdout.splitlines()
    kind, cause, fix, message = error.split("|")
    assert kind.endswith("Error")
    assert cause == add_on.cause
    assert fix.startswith("[plugins.prefer] loader.taken = " if add_on in TAKEN else add_on.mend)
    assert add_on.said in message
    assert add_on.distribution in message
    assert add_on in TAKEN or VERSION in message
    assert unrelated == "DelayNode Component"


def test_each_broken_module_of_hooks_is_named_once_when_a_workflow_is_run(
    environment: Environment, tmp_path: Path
) -> None:
    file = tmp_path / "unrelated.yaml"
    file.write_text(WORKFLOW)
    done = environment.run("graphbit", "run", file, "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    assert json.loads(done.stdout)["state"] == "succeeded"
    warnings = done.stderr.splitlines()
    named = Counter(add_on for add_on in HOOKS for line in warnings if add_on.distribution in line)
    assert named == Counter(HOOKS)
    assert len(warnings) == len(HOOKS)
    for add_on in HOOKS:
        [warning] = [line for line in warnings if add_on.distribution in line]
        for fact in (VERSION, add_on.distribution.replace("-", "_"), add_on.warned, add_on.mend):
            assert fact in warning


def test_help_and_version_work_beside_all_of_them(environment: Environment) -> None:
    for option in ("--help", "--version"):
        done = environment.run("graphbit", option)
        assert done.returncode == 0, done.stderr
        assert "graphbit" in done.stdout


def test_strict_raises_at_once(environment: Environment) -> None:
    done = environment.run("python", "-c", USE, WELL.entry, GRAPHBIT_PLUGINS_STRICT="1")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert "PluginLoadError" in last
    assert any(add_on.distribution in last for add_on in HOOKS)


def test_a_component_that_hangs_at_import_is_named_after_five_seconds(environment: Environment) -> None:
    with pytest.raises(subprocess.TimeoutExpired) as caught:
        environment.run("python", "-c", USE, HANG.entry, timeout=7)
    said = (caught.value.stderr or b"").decode()
    for fact in (HANG.distribution, VERSION, "has not ended after 5 s", f"pip uninstall {HANG.distribution}"):
        assert fact in said


@pytest.mark.parametrize("add_on", [HANG, DEADLY], ids=lambda add_on: add_on.label)
def test_a_distribution_that_is_denied_is_not_imported_at_all(
    environment: Environment, add_on: Broken
) -> None:
    done = environment.run("python", "-c", USE, add_on.entry, GRAPHBIT_PLUGINS_DENY=add_on.distribution)
    assert "is not allowed by GRAPHBIT_PLUGINS_DENY" in done.stdout
    assert done.stdout.splitlines()[-1] == "DelayNode Component"
