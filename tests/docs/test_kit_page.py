"""The page on testing is what the kit says."""

from __future__ import annotations

import re

import kit_reference
from documents import rows

from graphbit_core import testing

TEXT = kit_reference.PAGE.read_text(encoding="utf-8")


def test_the_references_are_what_the_kit_says():
    assert TEXT.count("<!-- end -->") == 2
    assert kit_reference.page(TEXT) == TEXT, "run .venv/bin/python scripts/kit_reference.py"


def test_every_public_name_of_the_kit_has_a_heading_and_every_part_a_row():
    headings = re.findall(r"^### `(\w+)`$", TEXT, re.M)
    bases = {"ComponentConformance", "DeclaredConformance"}
    assert sorted(headings) == sorted(set(testing.__all__) - bases)
    listed = re.findall(r"`(\w+)`", " ".join(row[0] for row in rows("plugin-testing.md", "part")))
    assert sorted(listed) == kit_reference.parts()
