"""PDF files."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import ClassVar

from pypdf import PasswordType, PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError

from graphbit_core import (
    DEFAULT_MAX_BYTES,
    MAX_EXPANDED_BYTES,
    Document,
    DocumentError,
    check_whole_number,
    clean_text,
    read_regular_file,
)


class PdfLoader:
    """Reads a PDF file as one document per page that has text, with metadata ``page``, counted from 1.

    Scanned pages hold pictures of text and give none. A file protected only against changes is read; one
    that asks for a password is ``encrypted``.
    """

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    suffixes: ClassVar[frozenset[str]] = frozenset({".pdf"})

    def __init__(self, *, max_bytes: int = DEFAULT_MAX_BYTES, max_pages: int = 5_000) -> None:
        self._max_bytes = check_whole_number("max_bytes", max_bytes, 1)
        self._max_pages = check_whole_number("max_pages", max_pages, 1)
        _log_only_where_asked()

    def load(self, path: Path) -> Iterator[Document]:
        """One document per page that has text, in order."""
        reader, pages = self._open(read_regular_file(path, self._max_bytes), path)
        characters = 0
        found = False
        for number in range(1, pages + 1):
            with _errors_as_document_errors(path, number):
                text = clean_text(reader.pages[number - 1].extract_text())
            characters += len(text)
            if characters > MAX_EXPANDED_BYTES:
                raise _error(path, "too_large", f"its text has over {MAX_EXPANDED_BYTES:,} characters")
            if text.strip():
                found = True
                yield Document(text, {"source": str(path), "page": number})
        if not found:
            raise _error(path, "empty", "it holds no text; scanned pages need text recognition (OCR) first")

    def _open(self, data: bytes, path: Path) -> tuple[PdfReader, int]:
        if not data.strip():
            raise _error(path, "empty", "it holds only white space")
        with _errors_as_document_errors(path):
            reader = PdfReader(BytesIO(data))
            if reader.is_encrypted and reader.decrypt("") is PasswordType.NOT_DECRYPTED:
                raise _error(path, "encrypted", "it asks for a password; save a copy without one")
            pages = len(reader.pages)
        if pages > self._max_pages:
            why = f"it has {pages:,} pages, more than the limit of {self._max_pages:,}; raise max_pages"
            raise _error(path, "too_large", why)
        return reader, pages


@contextmanager
def _errors_as_document_errors(path: Path, page: int | None = None) -> Iterator[None]:
    """Whatever pypdf raises about a broken file becomes a DocumentError with ``reason``.

    It raises errors of its own for some faults and any of Python's for others (KeyError, RecursionError,
    zlib.error, ...), so they are told apart by exclusion.
    """
    try:
        yield
    except DocumentError:
        raise
    except (FileNotDecryptedError, DependencyError) as error:
        raise _error(path, "encrypted", str(error), page) from error
    except (LimitReachedError, MemoryError) as error:
        raise _error(path, "too_large", str(error), page) from error
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise _error(path, "malformed", f"it is damaged or no PDF file ({why})", page) from error


def _error(path: Path, reason: str, why: str, page: int | None = None) -> DocumentError:
    place = f"page {page} of {path}" if page else str(path)
    return DocumentError(f"cannot read {place}: {why}", path=str(path), reason=reason, page=page)


def _log_only_where_asked() -> None:
    """Keeps pypdf's remarks on files off standard error; a program that sets up logging gets them."""
    log = logging.getLogger("pypdf")
    if not log.handlers:
        log.addHandler(logging.NullHandler())
