"""The sections of a Word document: a heading and what stands below it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from docx.document import Document as WordDocument
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.text.paragraph import Paragraph

from graphbit_loader_docx.blocks import CellBudget, blocks

_HEADING = re.compile(r"heading [1-9]|title", re.IGNORECASE)


@dataclass(slots=True)
class Section:
    """A heading and what stands below it.

    Attributes:
        paragraph: The place of its first paragraph or table in the file, counted from 1.
        title: Its heading, the last one if several follow each other; empty before the first heading.
        texts: What it holds, headings included, by paragraphs and tables.
    """

    paragraph: int
    title: str = ""
    texts: list[str] = field(default_factory=list)
    has_body: bool = False


def sections(word: WordDocument, max_cells: int) -> Iterator[Section]:
    """The sections that have text, in order. Raises TooManyCellsError above ``max_cells``."""
    headings = _Headings(word)
    current: Section | None = None
    for place, (block, text) in enumerate(blocks(word.element.body, CellBudget(max_cells)), 1):
        if not text:
            continue
        is_heading = headings.include(block)
        if current and is_heading and current.has_body:
            yield current
            current = None
        current = current or Section(place)
        current.texts.append(text)
        if is_heading:
            current.title = " ".join(text.split())
        else:
            current.has_body = True
    if current:
        yield current


class _Headings:
    """Tells headings by the name of their style, which Word keeps in English in every language."""

    def __init__(self, word: WordDocument) -> None:
        self._word = word
        self._by_style: dict[str | None, bool] = {}

    def include(self, block: BaseOxmlElement) -> bool:
        style = getattr(block, "style", None)
        if not block.tag.endswith("}p"):
            return False
        if style not in self._by_style:
            found = Paragraph(block, self._word).style
            self._by_style[style] = bool(found and _HEADING.fullmatch(found.name or ""))
        return self._by_style[style]
