"""The demo's documents: the Python language reference, which every Python has, as real files.

Most topics of ``pydoc_data.topics`` become text files, two groups of them a PDF and a Word document instead.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from pydoc_data.topics import topics

PDF_TOPICS = ("execmodel", "exceptions", "naming", "global", "nonlocal")
DOCX_TOPICS = ("string-methods", "formatstrings", "conversions")
PDF, DOCX = "execution-model.pdf", "strings.docx"
_STAMP = ".written"
_LINES_PER_PAGE = 56


def write_corpus(directory: Path) -> None:
    """Writes the documents into ``directory``, which is made if need be.

    What is there already stays as it is, so that an index of it stays valid. Other files are left alone.

    Args:
        directory: Where to.
    """
    plain = sorted(set(topics) - {*PDF_TOPICS, *DOCX_TOPICS})
    names = [*(f"{name}.txt" for name in plain), PDF, DOCX]
    stamp = _fingerprint()
    written = directory / _STAMP
    if (
        written.is_file()
        and written.read_text(encoding="utf-8") == stamp
        and all((directory / name).is_file() for name in names)
    ):
        return
    directory.mkdir(parents=True, exist_ok=True)
    for name in plain:
        (directory / f"{name}.txt").write_text(topics[name], encoding="utf-8")
    _write_pdf(directory / PDF, PDF_TOPICS)
    _write_docx(directory / DOCX, DOCX_TOPICS)
    written.write_text(stamp, encoding="utf-8")


def _fingerprint() -> str:
    """Changes with the topics of this Python and with this file."""
    content = repr(sorted(topics.items())).encode() + Path(__file__).read_bytes()
    return hashlib.sha256(content).hexdigest()


def _write_pdf(path: Path, names: Sequence[str]) -> None:
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(path), pagesize=A4, invariant=1)
    canvas.setTitle("The execution model of Python")
    for page in _pages(names):
        text = canvas.beginText(56, A4[1] - 64)
        text.setFont("Courier", 9)
        text.textLines("\n".join(page), trim=0)
        canvas.drawText(text)
        canvas.showPage()
    canvas.save()


def _pages(names: Sequence[str]) -> Iterator[list[str]]:
    """Every topic starts a page. The built-in fonts of PDF know the characters of cp1252 only."""
    for name in names:
        lines = topics[name].encode("cp1252", "replace").decode("cp1252").splitlines()
        for first in range(0, len(lines), _LINES_PER_PAGE):
            yield lines[first : first + _LINES_PER_PAGE]


def _write_docx(path: Path, names: Sequence[str]) -> None:
    """The first line of a topic becomes a heading; paragraphs keep their line breaks and indentation."""
    from docx import Document

    document = Document()
    for name in names:
        title, _, body = topics[name].partition("\n")
        document.add_heading(title, level=1)
        for paragraph in body.split("\n", 1)[-1].strip("\n").split("\n\n"):
            if paragraph.strip():
                document.add_paragraph(paragraph)
    document.save(str(path))
