"""Word documents (.docx)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import ClassVar

import docx
from docx.document import Document as WordDocument

from graphbit_core import (
    DEFAULT_MAX_BYTES,
    Document,
    DocumentError,
    check_whole_number,
    open_archive,
    read_regular_file,
)
from graphbit_loader_docx.blocks import TooManyCellsError
from graphbit_loader_docx.sections import sections

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # the container of .doc files and of encrypted .docx files
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


class DocxLoader:
    """Reads a Word document as one document per section, tables included, in the document's order.

    A section begins at a heading and is what a citation can point at: metadata ``title`` is its heading,
    ``paragraph`` the place of its first paragraph or table in the file, counted from 1. Headings without
    text of their own go to the section that follows them.
    """

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    suffixes: ClassVar[frozenset[str]] = frozenset({".docx"})

    def __init__(self, *, max_bytes: int = DEFAULT_MAX_BYTES, max_cells: int = 100_000) -> None:
        self._max_bytes = check_whole_number("max_bytes", max_bytes, 1)
        self._max_cells = check_whole_number("max_cells", max_cells, 1)

    def load(self, path: Path) -> Iterator[Document]:
        """One document per section that has text."""
        word = _open(read_regular_file(path, self._max_bytes), path)
        with _errors_as_document_errors(path):
            found = list(sections(word, self._max_cells))
        if not found:
            raise _error(path, "empty", "it holds no text")
        for section in found:
            title = {"title": section.title} if section.title else {}
            yield Document(
                "\n\n".join(section.texts), {"source": str(path), "paragraph": section.paragraph, **title}
            )


def _open(data: bytes, path: Path) -> WordDocument:
    if not data.strip():
        raise _error(path, "empty", "it holds only white space")
    if data.startswith(_OLE):
        if _ENCRYPTED in data:
            raise _error(path, "encrypted", "it asks for a password; save a copy without one")
        raise _error(path, "unsupported", "it is in the old .doc format; save it as .docx")
    with open_archive(data, path) as archive, _errors_as_document_errors(path):
        for name in archive.namelist():
            if name.lower().endswith((".xml", ".rels")) and _has_document_type(archive.read(name)):
                raise _error(path, "malformed", f"{name} in it has a document type declaration (DTD)")
        return docx.Document(BytesIO(data))


def _has_document_type(xml: bytes) -> bool:
    """True if a DTD is declared, in UTF-8 or UTF-16; its entities could make a small file huge."""
    return any("<!DOCTYPE".encode(encoding) in xml for encoding in ("ascii", "utf-16-le", "utf-16-be"))


@contextmanager
def _errors_as_document_errors(path: Path) -> Iterator[None]:
    """Whatever the parsers raise about a broken file becomes a DocumentError with ``reason``.

    python-docx lets through errors of zipfile, zlib, lxml and any of Python's, so they are told apart by
    exclusion.
    """
    try:
        yield
    except DocumentError:
        raise
    except TooManyCellsError as error:
        raise _error(path, "too_large", f"its tables have {error}; raise max_cells to read it") from error
    except MemoryError as error:
        raise _error(path, "too_large", "it needs more memory than there is") from error
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise _error(path, "malformed", f"it is damaged or no Word document ({why})") from error


def _error(path: Path, reason: str, why: str) -> DocumentError:
    return DocumentError(f"cannot read {path}: {why}", path=str(path), reason=reason)
