"""``graphbit plugins check`` over every package of this repository."""

from __future__ import annotations

import json
from typing import Any

import pytest
import workspace

from graphbit_core import default_host
from graphbit_core.cli import main

PACKAGES = [
    folder for folder in workspace.packages() if workspace.pyproject(folder)["project"].get("entry-points")
]
RULE = "says_in_its_docstring_what_it_is"
"""One quick rule: all of them are tried by the tests of each package, for minutes."""


def checked(tmp_path: Any, *words: str) -> dict[str, Any]:
    file = tmp_path / "report.json"
    assert main(["plugins", "check", *words, "--only", RULE, "--report", str(file)]) == 0
    report: dict[str, Any] = json.loads(file.read_text())
    return report


def assert_covered(report: dict[str, Any], name: str) -> None:
    offered = {(info.kind, info.name) for info in default_host().list() if info.distribution == name}
    assert {(one["kind"], one["name"]) for one in report["components"]} == offered
    for one in report["components"]:
        assert all(tester["file"] for tester in one["tested_by"]), (
            f"{one['name']} is not tested by its package"
        )
        assert one["conformance"] in {tester["base"] for tester in one["tested_by"]}
        assert one["not_tried"] == []
        assert {rule["rule"] for rule in one["rules"]} == {"is_loaded_by_the_host", f"test_{RULE}"}


@pytest.mark.integration
@pytest.mark.parametrize("folder", PACKAGES, ids=workspace.distribution)
def test_every_component_of_a_package_is_covered_by_its_own_conformance_classes(folder, tmp_path):
    name = workspace.distribution(folder)
    report = checked(tmp_path, name)
    assert_covered(report, name)
    assert report["others"] == []


@pytest.mark.integration
def test_the_core_covers_its_own_node_types(tmp_path):
    tests = str(workspace.ROOT / "tests" / "nodes")
    assert_covered(checked(tmp_path, "graphbit-core", "--tests", tests), "graphbit-core")
