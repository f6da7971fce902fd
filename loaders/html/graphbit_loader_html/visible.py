"""The text of a page as a reader sees it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborNode

_UNSEEN_TAGS = """
    audio canvas datalist embed head iframe noembed noframes object script style template title video"""
_BLOCK_TAGS = """
    address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption
    figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend main menu nav ol p pre search section summary
    table ul"""
_UNSEEN = frozenset(_UNSEEN_TAGS.split())
_BLOCKS = frozenset(_BLOCK_TAGS.split())
_LINES = frozenset({"br", "li", "optgroup", "option", "tr"})
_CELLS = frozenset({"td", "th"})
_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_SPACES = " \t\n\r\f"  # what HTML collapses; a no-break space is content
_GAPS = ("", " ", " | ", "\n", "\n\n")
_WORD, _CELL, _LINE, _BLOCK = 1, 2, 3, 4


class _Text:
    """Collects words; of the gaps that are asked for between two of them, the widest is written."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._gap = 0

    def gap(self, width: int) -> None:
        self._gap = max(self._gap, width)

    def add(self, text: str) -> None:
        """Adds text as it is."""
        if self.parts:
            self.parts.append(_GAPS[self._gap])
        self.parts.append(text)
        self._gap = 0

    def flow(self, text: str) -> None:
        """Adds text whose white space only parts words."""
        words = re.split(f"[{_SPACES}]+", text.strip(_SPACES))
        if text[:1] in _SPACES:
            self.gap(_WORD)
        if words != [""]:
            self.add(" ".join(words))
            if text[-1] in _SPACES:
                self.gap(_WORD)


def visible_text(body: LexborNode | None) -> str:
    """Blocks parted by empty lines, list items and table rows on lines of their own, cells by `` | ``.

    Left out: scripts, styles, templates, embedded media, and elements with the attribute ``hidden`` or an
    inline style that hides them. Text in ``pre`` keeps its white space.
    """
    text = _Text()
    preformatted = 0
    for node, entering in _walk(body) if body else ():
        if node.is_text_node:
            content = node.text_content or ""
            if not preformatted:
                text.flow(content)
            elif content.strip():
                text.add(content.strip("\n"))
            continue
        if node.tag == "pre":
            preformatted += 1 if entering else -1
        text.gap(_width(node.tag, entering))
    return "".join(text.parts).strip()


def _width(tag: str | None, entering: bool) -> int:
    if tag in _BLOCKS:
        return _BLOCK
    if tag in _LINES:
        return _LINE
    return _CELL if tag in _CELLS and not entering else 0


def _walk(top: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """Every node that is seen, when it begins (True) and when it ends; without recursion."""
    node: LexborNode | None = top
    depth = 0
    while node is not None:
        seen = node.is_text_node or (node.is_element_node and not _is_hidden(node))
        if seen:
            yield node, True
        if seen and node.child is not None:
            node, depth = node.child, depth + 1
            continue
        if seen and not node.is_text_node:
            yield node, False
        while depth and node.next is None:
            parent = node.parent
            assert parent is not None
            node, depth = parent, depth - 1
            yield node, False
        node = node.next if depth else None


def _is_hidden(node: LexborNode) -> bool:
    if node.tag in _UNSEEN:
        return True
    attributes = node.attributes
    return "hidden" in attributes or bool(_HIDING.search(attributes.get("style") or ""))
