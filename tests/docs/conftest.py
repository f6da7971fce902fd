"""Says at the end how many blocks of the documents were tried, and which were not and why."""

from __future__ import annotations

from collections import Counter

import pytest
from documents import Block

_REPORT = pytest.StashKey[dict[str, list[Block]]]()


@pytest.fixture(scope="session")
def docs_report(pytestconfig: pytest.Config) -> dict[str, list[Block]]:
    """Document → its blocks, filled in by the tests."""
    return pytestconfig.stash.setdefault(_REPORT, {})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """One line of counts, and one for each block that was left out."""
    report = config.stash.get(_REPORT, {})
    counts = Counter(block.action for found in report.values() for block in found)
    if counts:
        actions = ", ".join(f"{counts[action]} {action}" for action in ("python", "shell", "file", "not run"))
        terminalreporter.write_line(f"blocks in {len(report)} documents: {actions}")
    for document, found in report.items():
        for block in found:
            if block.action == "not run":
                terminalreporter.write_line(f"  not run: {document}:{block.line} ({block.target})")
