"""Runs the conformance tests of one of our packages over another component, as a package's author would."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

PROVIDERS = Path(__file__).parents[2] / "providers"


def run_kit(component: type, only: str, tests: str) -> pytest.ExitCode | int:
    """Runs the ``only`` rules that a class of a provider's tests has over another component."""
    folder, _, cls = tests.partition("/")
    with pytest.MonkeyPatch.context() as patch:

        class Swap:
            def pytest_collection_modifyitems(self, items: list[Any]) -> None:
                items[:] = [item for item in items if item.cls and item.cls.__name__ == cls]
                for item in items:
                    patch.setattr(item.cls, "component", component)

        quiet = ["-p", "no:cacheprovider", "-p", "no:terminal", "-p", "no:logging", "-p", "no:faulthandler"]
        file = str(PROVIDERS / folder / "tests" / "test_conformance.py")
        root = f"--rootdir={PROVIDERS.parent}"  # modules of two folders are then two modules
        arguments = ["-c", os.devnull, root, "--import-mode=importlib", *quiet, "-k", only]
        return pytest.main([file, *arguments], plugins=[Swap()])
