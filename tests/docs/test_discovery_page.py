"""The messages on the page on discovery are those that broken plugins give."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from types import FrameType
from typing import get_args

import plugin_messages
import pytest
from documents import rows

from graphbit_core.host import faults
from graphbit_core.host.records import State

TEXT = plugin_messages.PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def made() -> tuple[str, set[str]]:
    """The page as it should be, and the functions of ``faults`` that were called for it."""
    called: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename == faults.__file__:
            called.add(frame.f_code.co_name)

    sys.setprofile(note)
    try:
        page = plugin_messages.page(TEXT)
    finally:
        sys.setprofile(None)
    return page, called


def test_the_messages_are_what_broken_plugins_give(made: tuple[str, set[str]]):
    assert TEXT.count("<!-- end -->") == 1
    assert made[0] == TEXT, "run PYTHONPATH=scripts .venv/bin/python tests/support/plugin_messages.py"


def test_every_error_that_the_host_can_build_has_an_example(made: tuple[str, set[str]]):
    functions = ast.parse(Path(faults.__file__).read_text(encoding="utf-8")).body
    builders = {
        one.name
        for one in functions
        if isinstance(one, ast.FunctionDef) and one.returns and ast.unparse(one.returns).endswith("Error")
    }
    assert len(builders) > 8
    assert builders <= made[1]


def test_the_page_lists_every_state():
    assert [row[0].strip("`") for row in rows("plugin-discovery.md", "state")] == list(get_args(State))
