"""Links from document to document lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import workspace
from documents import prose

DOCUMENTS = [path for path in workspace.tree() if path.suffix == ".md" and "fixtures" not in path.parts]


def anchors(document: Path) -> set[str]:
    """What its headings can be linked by, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", prose(document), re.M)
    plain = [re.sub(r"\[(.*?)\]\(.*?\)", r"\1", heading).lower() for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(workspace.ROOT)))
def test_a_documents_links_lead_to_a_file_and_a_heading(document: Path):
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", prose(document))):
        if "://" not in target:
            name, _, anchor = target.partition("#")
            other = (document.parent / name).resolve() if name else document
            assert other.exists(), f"{target}: there is no such file"
            assert not anchor or anchor in anchors(other), f"{target}: there is no such heading"


def test_the_index_lists_every_page():
    folder = workspace.ROOT / "docs"
    listed = set(re.findall(r"\]\((.*?\.md)\)", (folder / "README.md").read_text(encoding="utf-8")))
    pages = {str(path.relative_to(folder)) for path in folder.rglob("*.md")} - {"README.md"}
    assert listed == pages
