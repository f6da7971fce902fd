"""Runs conformance classes over components that are faulty, as pytest would for a component's author."""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PLUGINS_OFF = ("cacheprovider", "terminal", "faulthandler", "junitxml", "stepwise")


@dataclass(frozen=True)
class Proof:
    """That rules can fail: over a faulty component these fail, and no others.

    Attributes:
        kit: The conformance class.
        rules: Names of the rules that fail, without ``test_``; empty: the component is good.
        about: What the class is given, ``component`` for one.
        only: Try these rules alone: others would take long, or fail as well.
    """

    kit: type
    rules: frozenset[str]
    about: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    only: bool = False

    def check(self) -> None:
        """Runs the kit, and compares what fails."""
        wanted = {f"test_{rule}" for rule in self.rules} if self.only else None
        ran, failed = outcome(type("TestKit", (self.kit,), {"__test__": True, **self.about}), wanted)
        assert ran, "no rule was tried"
        assert failed == self.rules


def proof(kit: type, component: Any, *rules: str, only: bool = False, **about: Any) -> Proof:
    """A proof; ``about`` are members of the conformance class."""
    return Proof(kit, frozenset(rules), {"component": component, **about}, only)


def outcome(kit: type, wanted: Collection[str] | None = None) -> tuple[set[str], set[str]]:
    """Names of the rules that ran, and of those that failed, without ``test_``.

    Args:
        kit: The conformance class.
        wanted: The rules to try; None: all.
    """
    run = _Run(kit, wanted)
    off = [word for plugin in PLUGINS_OFF for word in ("-p", f"no:{plugin}")]
    with tempfile.TemporaryDirectory() as folder:
        place = [f"--rootdir={ROOT}", f"--basetemp={folder}/kit", "-c", os.devnull]
        pytest.main([str(Path(__file__)), *place, "--capture=no", *off], plugins=[run])
    return run.ran, run.failed


def tests_of(package: str) -> ModuleType:
    """The conformance tests of a package of this repository, such as ``providers/openai``."""
    path = ROOT / package / "tests" / "test_conformance.py"
    spec = importlib.util.spec_from_file_location(f"conformance_of_{package.replace('/', '_')}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class _Run:
    """A plugin of pytest that has it collect one class, and hears what became of its rules."""

    def __init__(self, kit: type, wanted: Collection[str] | None) -> None:
        self._module = ModuleType("kit_under_test")
        vars(self._module)["TestKit"] = kit
        self._wanted = wanted
        self.ran: set[str] = set()
        self.failed: set[str] = set()

    def pytest_pycollect_makemodule(self, module_path: Path, parent: Any) -> Any:
        module = self._module

        class Made(pytest.Module):
            def _getobj(self) -> Any:
                return module

        return Made.from_parent(parent, path=module_path)

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        if self._wanted is not None:
            items[:] = [item for item in items if item.originalname in self._wanted]

    def pytest_runtest_logreport(self, report: Any) -> None:
        rule = report.nodeid.rpartition("::")[2].partition("[")[0].removeprefix("test_")
        self.ran.add(rule)
        if report.failed:
            self.failed.add(rule)

    def pytest_collectreport(self, report: Any) -> None:
        assert not report.failed, report.longreprtext


def run_kit(component: type, only: str, tests: str) -> pytest.ExitCode:
    """Runs the ``only`` rules that a class of a provider's tests has over another component."""
    folder, _, cls = tests.partition("/")
    base = getattr(tests_of(f"providers/{folder}"), cls)
    wanted = {name for name in dir(base) if name.startswith("test_") and only in name}
    ran, failed = outcome(type("TestKit", (base,), {"component": component}), wanted)
    assert ran, f"there is no rule like {only}"
    return pytest.ExitCode.TESTS_FAILED if failed else pytest.ExitCode.OK
