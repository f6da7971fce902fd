"""Plain text and Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from graphbit_core import DEFAULT_MAX_BYTES, Document, check_whole_number, read_regular_file
from graphbit_loader_text.decoding import check_encoding, decode


class TextLoader:
    """Reads a text file as one document, its markup left as it is.

    Line ends become those of Unix, as with ``open()``, so offsets fit what Python reads from the file.
    """

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    suffixes: ClassVar[frozenset[str]] = frozenset({".log", ".markdown", ".md", ".rst", ".text", ".txt"})

    def __init__(self, *, max_bytes: int = DEFAULT_MAX_BYTES, encoding: str | None = None) -> None:
        self._max_bytes = check_whole_number("max_bytes", max_bytes, 1)
        self._encoding = check_encoding(encoding)

    def load(self, path: Path) -> Iterator[Document]:
        """The file's text as one document."""
        text = decode(read_regular_file(path, self._max_bytes), path, self._encoding)
        yield Document(text, {"source": str(path)})
