"""The tables of the page on providers."""

from __future__ import annotations

import provider_table
import workspace


def test_the_page_on_providers_is_what_is_installed():
    text = provider_table.PAGE.read_text(encoding="utf-8")
    assert text.count("<!-- end -->") == 2
    assert provider_table.page(text) == text, "run .venv/bin/python scripts/provider_table.py"


def test_every_provider_of_this_repository_has_a_row():
    entries = [
        workspace.pyproject(folder)["project"].get("entry-points", {}) for folder in workspace.packages()
    ]
    names = {name for groups in entries for name in groups.get("graphbit.providers", {})}
    listed = {name for names, _ in provider_table.providers() for name in names}
    assert len(names) > 3
    assert listed == names
