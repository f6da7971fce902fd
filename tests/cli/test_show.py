"""``graphbit plugins show``: what a component does, and what it is told."""

from __future__ import annotations

import json
from importlib.metadata import entry_points

import pytest

from graphbit_core.cli import main

OF_THE_CORE = sorted(
    point.name
    for point in entry_points(group="graphbit.node_types")
    if point.value.startswith("graphbit_core.")
)


def shown(capsys, name, kind="node_type"):
    assert main(["plugins", "show", name, "--json"]) == 0
    (component,) = [one for one in json.loads(capsys.readouterr().out) if one["kind"] == kind]
    return component


@pytest.mark.parametrize("name", OF_THE_CORE)
def test_every_node_type_says_what_it_does_and_what_each_setting_is_for(name, capsys):
    component = shown(capsys, name)
    assert component["does"].endswith(".")
    assert "``" not in component["does"]
    assert component["settings"]
    assert [setting["name"] for setting in component["settings"] if not setting["about"]] == []
    assert {"retry", "timeout"} <= set(component["options"])


def test_settings_are_printed_with_type_default_and_meaning(capsys):
    assert main(["plugins", "show", "map@graphbit-core"]) == 0
    out = capsys.readouterr().out
    assert "  body  (Workflow, required)\n" in out
    assert "  item  (str, default 'item')\n      What the body calls the item.\n" in out
    assert "every node also takes: join, " in out
    assert max(map(len, out.splitlines())) <= 110


def test_a_component_that_cannot_be_imported_says_why(tmp_path, monkeypatch, capsys):
    (tmp_path / "broken.dist-info").mkdir()
    (tmp_path / "broken.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: broken\nVersion: 1\n"
    )
    (tmp_path / "broken.dist-info" / "entry_points.txt").write_text("[graphbit.loaders]\nodd = no_module:X\n")
    monkeypatch.syspath_prepend(tmp_path)
    from graphbit_core import Host
    from graphbit_core.cli.plugins.describe import describe, lines

    described = describe(Host(), "loader", "odd")
    assert "no_module" in described.problem
    assert lines(described)[0].startswith("its settings cannot be told: ")
