"""Paragraphs and tables of a Word document, as text.

python-docx's own ``iter_inner_content()`` and ``Paragraph.text`` pass over content controls, inserted text
and text boxes, and its ``row.cells`` repeats merged cells, so the elements it has parsed are read here.
Parsed elements are at most 256 levels deep, so recursion is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator

from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement

_MARKUP_COMPATIBILITY = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_MATH_TEXT = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"

_PARAGRAPH, _TABLE, _ROW, _CELL = qn("w:p"), qn("w:tbl"), qn("w:tr"), qn("w:tc")
_TEXT = {qn("w:t"), _MATH_TEXT}
_SIGNS = {qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:tab"): "\t", qn("w:noBreakHyphen"): "-"}
_WRAPPERS = {qn(f"w:{name}") for name in ("customXml", "ins", "moveTo", "sdt", "sdtContent", "smartTag")}
_NOT_SHOWN = {qn("w:del"), qn("w:moveFrom"), qn("w:pPr"), qn("w:rPr"), f"{_MARKUP_COMPATIBILITY}Fallback"}


class TooManyCellsError(Exception):
    """The tables have more cells than allowed."""


class CellBudget:
    """How many more table cells may be read."""

    def __init__(self, limit: int) -> None:
        self._limit = self._left = limit

    def take(self) -> None:
        """Counts one cell; raises TooManyCellsError when none was left."""
        self._left -= 1
        if self._left < 0:
            raise TooManyCellsError(f"more than {self._limit:,} cells")


def blocks(parent: BaseOxmlElement, budget: CellBudget) -> Iterator[tuple[BaseOxmlElement, str]]:
    """Each paragraph and table below ``parent``, in order, with its text."""
    for block in _inside(parent, {_PARAGRAPH, _TABLE}):
        text = "".join(_inline(block)) if block.tag == _PARAGRAPH else _table_text(block, budget)
        yield block, text.strip()


def _inside(parent: BaseOxmlElement, tags: set[str]) -> Iterator[BaseOxmlElement]:
    """Children with one of these tags, also those in content controls and inserted passages."""
    for child in parent:
        if child.tag in tags:
            yield child
        elif child.tag in _WRAPPERS:
            yield from _inside(child, tags)


def _inline(element: BaseOxmlElement) -> Iterator[str]:
    for child in element:
        if child.tag in _TEXT:
            yield child.text or ""
        elif child.tag in _SIGNS:
            yield _SIGNS[child.tag]
        elif child.tag == _PARAGRAPH:  # in a text box
            yield from ("\n", *_inline(child), "\n")
        elif child.tag not in _NOT_SHOWN:
            yield from _inline(child)


def _table_text(table: BaseOxmlElement, budget: CellBudget) -> str:
    """One line per row, cells parted by `` | ``; a row with a single filled cell keeps its paragraphs."""
    lines = []
    for row in _inside(table, {_ROW}):
        cells = []
        for cell in _inside(row, {_CELL}):
            budget.take()
            cells.append([text for _, text in blocks(cell, budget) if text])
        filled = [cell for cell in cells if cell]
        if len(filled) == 1:
            lines.append("\n\n".join(filled[0]))
        elif filled:
            lines.append(" | ".join(" ".join(" ".join(cell).split()) for cell in cells))
    return "\n".join(lines)
