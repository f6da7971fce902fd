"""Writes the messages in ``docs/plugin-discovery.md``: each is what the host really says of a broken plugin.

    PYTHONPATH=scripts .venv/bin/python tests/support/plugin_messages.py

A test fails where the page is not what this writes.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import workspace
from doctor_cases import GROUPS as OF_PACKAGES
from message_cases import GROUPS
from message_scene import Case, Scene
from sites import Site

PAGE = workspace.ROOT / "docs" / "plugin-discovery.md"
_MARKED = re.compile(r"(<!-- messages: [^>]*-->\n).*(<!-- end -->)", re.S)


def page(text: str) -> str:
    """The page with the messages as they should be."""
    return _MARKED.sub(lambda found: f"{found[1]}\n{reference()}\n{found[2]}", text)


def reference() -> str:
    """All messages, by group."""
    parts = []
    for title, cases in {**GROUPS, **OF_PACKAGES}.items():
        parts.append(f"### {title}\n")
        parts += [f"{case.when}:\n\n```text\n{message(case)}\n```\n" for case in cases]
    return "\n".join(parts)


def message(case: Case) -> str:
    """What a case gives, in an empty folder; the folder's name is left out."""
    with tempfile.TemporaryDirectory() as folder, imports_from(Path(folder).resolve()) as site:
        told = case.told(Scene(site))
        return told.replace(str(site.path), "…")


@contextmanager
def imports_from(folder: Path) -> Iterator[Site]:
    """Lets Python import from a folder for a while; forgets what was imported from it."""
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield Site(folder)
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            if str(folder) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
