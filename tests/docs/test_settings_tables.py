"""The settings that the README of a package tells are those that its components take."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
import workspace
from graphbit_openai import Quirks

from graphbit_core import default_host
from graphbit_core.host.arguments import settings_of

KINDS = ("provider", "embedder", "splitter", "loader", "vector_store", "tokenizer")
PACKAGES = [folder for folder in workspace.packages() if (folder / "README.md").exists()]


def told(readme: str, head: str) -> set[str]:
    """The names in the first column of the tables with this head."""
    tables = re.findall(rf"^\| {head} \|.*\n\|[-|]+\n((?:\|.*\n?)*)", readme, re.M)
    return {name for table in tables for row in table.splitlines() for name in names(row.split("|")[1])}


def names(text: str) -> set[str]:
    """What stands in back quotes as a word of its own."""
    return set(re.findall(r"`(\w+)`", text))


def taken(folder: Path) -> set[str]:
    """The settings of the package's components."""
    host = default_host()
    found: set[str] = set()
    groups = workspace.pyproject(folder)["project"].get("entry-points", {})
    for group, entries in groups.items():
        kind = group.removeprefix("graphbit.").removesuffix("s")
        if kind in KINDS:
            for name in entries:
                known, _, open_ended = settings_of(host.component(kind, name))
                assert not open_ended, f"the settings of {name} cannot be listed"
                found.update(known)
    return found


@pytest.mark.parametrize("folder", PACKAGES, ids=lambda folder: folder.name)
def test_a_readme_tells_every_setting_and_no_other(folder: Path) -> None:
    readme = (folder / "README.md").read_text(encoding="utf-8")
    settings = taken(folder)
    assert told(readme, "setting") <= settings
    assert settings <= names(readme)


def test_the_readme_of_openai_tells_every_quirk_and_no_other() -> None:
    readme = (workspace.ROOT / "providers" / "openai" / "README.md").read_text(encoding="utf-8")
    assert told(readme, "quirk") == {field.name for field in fields(Quirks)}
