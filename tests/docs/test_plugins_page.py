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


def test_the_page_lists_every_kind_with_its_package_and_a_tutorial_if_new_can_make_one():
    kinds = [*ENTRY_POINT_GROUPS, "plugin"]
    made = {kind: "hooks" if kind == "plugin" else kind.replace("_", "-") for kind in kinds}
    made = {kind: name for kind, name in made.items() if (TEMPLATES / kind).is_dir()}
    listed = {kind.strip("`"): (package, how.strip()) for kind, _, package, how in rows("plugins.md", "kind")}
    assert listed == {
        kind: (
            f"`{package_of(kind, 'NAME')}`",
            f"[tutorial](tutorials/{made[kind]}.md)" if kind in made else "",
        )
        for kind in kinds
    }
    tutorials = {path.stem for path in (workspace.ROOT / "docs" / "tutorials").glob("*.md")}
    assert tutorials == set(made.values())


def test_the_page_lists_every_command():
    listed = re.findall(
        r"`graphbit plugins ([\w-]+)", " ".join(row[0] for row in rows("plugins.md", "command"))
    )
    commands = argparse.ArgumentParser().add_subparsers()
    for module in plugins.COMMANDS:
        module.add(commands)
    assert sorted(listed) == sorted(commands.choices)
