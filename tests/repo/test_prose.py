"""Prose that a test reads: the folder map, and words that say nothing."""

from __future__ import annotations

import re
from pathlib import Path

import workspace

SAY_NOTHING = re.compile(
    r"\b(production-grade|comprehensive(ly)?|enhanced|robust(ly|ness)?|blazing(ly)?)\b", re.I
)
TEXT = {".py", ".pyi", ".rs", ".md", ".toml"}


def folder_map() -> dict[str, str]:
    """Folder → what is in it, from the block under "Folder map"."""
    text = (workspace.ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    found = re.search(r"^##+ Folder map\n.*?^```\w*\n(.*?)^```", text, re.S | re.M)
    assert found, "ARCHITECTURE.md has a fenced block under the heading 'Folder map'"
    lines = [line.split(maxsplit=1) for line in found.group(1).splitlines() if line.strip()]
    return {path.rstrip("/"): what for path, what in lines}


def folders() -> set[str]:
    """The folders a newcomer sees: the top ones, those of the core, the crates, a package as a pattern."""
    parts = [path.relative_to(workspace.ROOT).parts[:-1] for path in workspace.tree()]
    shown = {part[0] for part in parts if part}
    shown |= {
        "/".join(part[:2]) for part in parts if len(part) > 1 and part[0] in {"graphbit_core", "native"}
    }
    groups = {folder.parent.name for folder in workspace.packages()}
    return (shown - groups - {"native"}) | {f"{group}/<name>" for group in groups}


def test_the_folder_map_is_the_tree():
    assert set(folder_map()) == folders()


def test_every_folder_of_the_map_says_what_is_in_it():
    assert all(len(what) > 10 for what in folder_map().values())


def test_words_that_say_nothing_are_not_used():
    found = []
    for path in workspace.tree():
        if path.suffix in TEXT and path != Path(__file__):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if match := SAY_NOTHING.search(line):
                    found.append(f"{path.relative_to(workspace.ROOT)}:{number}: {match.group()}")
    assert not found
