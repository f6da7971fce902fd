"""The tables of the overview on plugins are what the code says."""

from __future__ import annotations

import argparse
import re

import workspace
from documents import rows

from graphbit_core.cli import plugins
from graphbit_core.contracts import ENTRY_POINT_GROUPS
from graphbit_core.host.faults import package_of

TEMPLATES = workspace.ROOT / "graphbit_core" / "cli" / "templates"


def test_the_page_lists_every_kind_with_its_package_and_whether_new_can_make_one():
    listed = {
        kind.strip("`"): (package.strip("`"), mark.strip())
        for kind, _, package, mark in rows("plugins.md", "kind")
    }
    kinds = [*ENTRY_POINT_GROUPS, "plugin"]
    made = {kind: "✓" if (TEMPLATES / kind).is_dir() else "" for kind in kinds}
    assert listed == {kind: (package_of(kind, "NAME"), made[kind]) for kind in kinds}


def test_the_page_lists_every_command():
    listed = re.findall(
        r"`graphbit plugins ([\w-]+)", " ".join(row[0] for row in rows("plugins.md", "command"))
    )
    commands = argparse.ArgumentParser().add_subparsers()
    for module in plugins.COMMANDS:
        module.add(commands)
    assert sorted(listed) == sorted(commands.choices)
