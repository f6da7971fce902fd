"""HTML pages."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from selectolax.lexbor import LexborHTMLParser

from graphbit_core import DEFAULT_MAX_BYTES, Document, DocumentError, check_whole_number, read_regular_file
from graphbit_loader_html.cost import check_cost
from graphbit_loader_html.visible import visible_text

_DECLARED = re.compile(rb"charset\s*=", re.IGNORECASE)
_DECLARED_WITHIN = 1024  # where the HTML standard says that a page must declare its encoding


class HtmlLoader:
    """Reads the text that a page shows as one document, with the page's ``title`` in the metadata."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    suffixes: ClassVar[frozenset[str]] = frozenset({".htm", ".html", ".xhtml"})

    def __init__(self, *, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self._max_bytes = check_whole_number("max_bytes", max_bytes, 1)

    def load(self, path: Path) -> Iterator[Document]:
        """The page's visible text: blocks parted by empty lines, lines as the page breaks them."""
        data = read_regular_file(path, self._max_bytes)
        check_cost(data, path)
        page = _parse(data, path)
        text = visible_text(page.body)
        if not text:
            raise DocumentError(f"{path} shows no text", path=str(path), reason="empty")
        title = page.css_first("head > title")
        words = " ".join(title.text().split()) if title else ""
        yield Document(text, {"source": str(path), **({"title": words} if words else {})})


def _parse(data: bytes, path: Path) -> LexborHTMLParser:
    """UTF-8 if it is valid, else the encoding that the page declares, else windows-1252 as in browsers."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return LexborHTMLParser(data, encoding=True)
    if b"\0" in data:
        message = f"{path} looks like a binary file, not HTML"
        raise DocumentError(message, path=str(path), reason="malformed")
    try:
        return LexborHTMLParser(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        if _DECLARED.search(data, 0, _DECLARED_WITHIN):
            return LexborHTMLParser(data, encoding=True)
        return LexborHTMLParser(data.decode("cp1252", "replace"))
