"""Wheels of broken add-ons, built once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import throwaway
from broken_plugins import ALL, COSTLY, NOISY_HOOKS, WELL, Broken


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[Path]]:
    """Builds wheels of projects, without an index, in the order of their names."""

    def wheels(*projects: Path) -> list[Path]:
        return throwaway.build(tmp_path_factory.mktemp("wheels"), *projects)

    return wheels


@pytest.fixture(scope="session")
def wheels(
    build: Callable[..., list[Path]], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[Broken, Path]:
    """A wheel of each add-on."""
    folder = tmp_path_factory.mktemp("broken")
    add_ons = (*ALL, *COSTLY, WELL, NOISY_HOOKS)
    built = build(*(add_on.write(folder) for add_on in add_ons))
    by_name = {wheel.name.partition("-")[0].replace("_", "-"): wheel for wheel in built}
    return {add_on: by_name[add_on.distribution] for add_on in add_ons}
