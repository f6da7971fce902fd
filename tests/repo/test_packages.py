"""Packages look alike, so that the nearest one can be copied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import workspace
from lock import name_of

from graphbit_core.host.discovery import KIND_OF_GROUP
from graphbit_core.host.faults import OUR_PACKAGES

REQUIRED = ["name", "version", "description", "readme", "requires-python", "license", "dependencies"]
OPTIONAL = ["optional-dependencies", "entry-points"]
KINDS = {
    "graphbit.providers",
    "graphbit.node_types",
    "graphbit.loaders",
    "graphbit.splitters",
    "graphbit.embedders",
    "graphbit.vector_stores",
    "graphbit.tools",
    "graphbit.rerankers",
    "graphbit.tokenizers",
    "graphbit.checkpointers",
    "graphbit.exporters",
}
every_package = pytest.mark.parametrize("folder", workspace.packages(), ids=workspace.distribution)


def project(folder: Path) -> dict[str, Any]:
    return dict(workspace.pyproject(folder)["project"])


def entry_points(folder: Path) -> dict[str, dict[str, str]]:
    return dict(project(folder).get("entry-points", {}))


def needed_from_here(folder: Path) -> set[str]:
    ours = {"graphbit-core", *map(workspace.distribution, workspace.packages())}
    return ours & {name_of(line) for line in project(folder)["dependencies"]}


@every_package
def test_pyproject_has_the_same_keys_in_the_same_order(folder: Path):
    tables = workspace.pyproject(folder)
    assert list(tables) == ["build-system", "project", "tool"]
    assert tables["build-system"] == {"requires": ["hatchling>=1.27"], "build-backend": "hatchling.build"}
    keys = [key for key in tables["project"] if key not in OPTIONAL]
    assert keys == REQUIRED
    assert [key for key in tables["project"] if key in OPTIONAL] == [
        key for key in OPTIONAL if key in tables["project"]
    ]


@every_package
def test_pyproject_configures_no_tool_but_the_workspace_sources(folder: Path):
    sources = {name: {"workspace": True} for name in needed_from_here(folder)}
    assert workspace.pyproject(folder)["tool"] == {"uv": {"sources": sources}}


@every_package
def test_metadata_agrees_with_the_core(folder: Path):
    own, core = project(folder), project(workspace.ROOT)
    assert own["requires-python"] == core["requires-python"]
    assert own["license"] == core["license"]
    assert own["readme"] == "README.md"
    [core_range] = [line for line in own["dependencies"] if name_of(line) == "graphbit-core"]
    assert core_range.endswith(",<2"), "never a minor cap: the plugin API is what is versioned"


@every_package
def test_one_typed_module_named_after_the_distribution(folder: Path):
    module = workspace.module(folder)
    assert (module / "__init__.py").is_file()
    assert (module / "py.typed").is_file()
    others = {
        path.name for path in folder.iterdir() if path.is_dir() and path.name not in workspace.NOT_SOURCE
    }
    assert others <= {module.name, "tests"}


@every_package
def test_entry_points_name_known_kinds_and_the_package_itself(folder: Path):
    groups = entry_points(folder)
    assert set(groups) <= KINDS | {"graphbit.plugins"}
    for targets in groups.values():
        for target in targets.values():
            assert target.split(":")[0].split(".")[0] == workspace.module(folder).name


@every_package
def test_components_run_the_conformance_kit(folder: Path):
    assert list((folder / "tests").glob("test_*.py"))
    if KINDS & set(entry_points(folder)):
        kit = (folder / "tests" / "test_conformance.py").read_text(encoding="utf-8")
        assert "Conformance" in kit


@every_package
def test_readme_shows_how_to_install_and_use_it(folder: Path):
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert f"pip install {workspace.distribution(folder)}" in text
    assert "```python" in text


def test_batteries_included_needs_every_add_on():
    batteries = workspace.ROOT / "plugins" / "graphbit"
    others = {workspace.distribution(folder) for folder in workspace.packages() if folder != batteries}
    assert needed_from_here(batteries) == {"graphbit-core", *others}


def test_the_host_knows_which_package_offers_what():
    offers = {
        f"{KIND_OF_GROUP[group]} {name}": workspace.distribution(folder)
        for folder in workspace.packages()
        for group, targets in entry_points(folder).items()
        for name in targets
    }
    assert offers == OUR_PACKAGES, "bring the table in graphbit_core/host/faults.py up to date"


@every_package
def test_components_declare_the_plugin_api_as_numbers(folder: Path):
    for path in workspace.module(folder).rglob("*.py"):
        declared = [line for line in path.read_text().splitlines() if line.strip().startswith("graphbit_api")]
        assert not [line for line in declared if "API_VERSION" in line], "it would fit every host"
