"""Tables of the documents that repeat what the code says."""

from __future__ import annotations

import re

import workspace

from graphbit_core import EVENT_TYPES

DOCS = workspace.ROOT / "docs"


def rows(page: str, first: str) -> list[list[str]]:
    """The cells of the table whose heading begins with ``first``, row by row."""
    text = (DOCS / page).read_text(encoding="utf-8")
    found = re.search(rf"^\| {first} \|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.M)
    assert found, f"{page} has a table that begins with {first!r}"
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in found[1].splitlines()]


def test_the_page_on_events_lists_every_type_with_its_data():
    listed = {}
    for name, data, _ in rows("streaming-events.md", "type"):
        optional = set(re.findall(r"\[`(\w+)`\]", data))
        listed[name.strip("`")] = set(re.findall(r"`(\w+)`", data)) - optional, optional, "adds" in data
    assert listed == {name: (set(t.keys), set(t.optional), t.open) for name, t in EVENT_TYPES.items()}
