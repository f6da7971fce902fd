"""A plugin in use, from an empty folder: one command each, without an index."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from new_plugin import timed

pytestmark = pytest.mark.integration

MOST_SECONDS = 120


def test_a_new_plugin_is_installed_checked_and_used_within_two_minutes(
    built_wheels: Path, tmp_path: Path
) -> None:
    assert built_wheels.is_dir()
    done = timed(tmp_path)
    assert sum(seconds for seconds, _ in done.values()) < MOST_SECONDS
    totals = json.loads((tmp_path / "graphbit-check.json").read_text())["totals"]
    assert (totals["failed"], totals["not_tried"], totals["passed"] > 20) == (0, 0, True), totals
    used = done["graphbit run words.yaml"][1]
    assert used.split()[-4:] == ["[", '"to",', '"be"', "]"], used
