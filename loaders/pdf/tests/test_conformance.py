from __future__ import annotations

import secrets
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from graphbit_loader_pdf import PdfLoader
from pypdf import PdfReader, PdfWriter
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

from graphbit_core.testing import LoaderConformance


def pdf(*pages: str) -> bytes:
    """A PDF file with these texts as its pages; an empty one has a drawing only."""
    buffer = BytesIO()
    canvas = Canvas(buffer, invariant=1)
    for text in pages:
        canvas.line(10, 10, 50, 50)
        for number, line in enumerate(text.splitlines()):
            canvas.drawString(72, 720 - 14 * number, line)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def encrypted(data: bytes, password: str, algorithm: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(BytesIO(data)))
    writer.encrypt(password, secrets.token_hex(), algorithm=algorithm)
    buffer = BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


class TestPdfLoader(LoaderConformance):
    component = PdfLoader

    def write_sample(self, folder: Path) -> Path:
        path = folder / "sample.pdf"
        path.write_bytes(pdf("The first page.\nIt has two lines.", "", "The third page: Größe."))
        return path

    def write_faulty(self, folder: Path) -> Mapping[Path, str]:
        good = pdf("A page.")
        files = {
            "blank.pdf": (b" \n", "empty"),
            "drawing.pdf": (pdf("", ""), "empty"),
            "password.pdf": (encrypted(good, "secret", "AES-256"), "encrypted"),
            "old_password.pdf": (encrypted(good, "secret", "RC4-40"), "encrypted"),
            "text.pdf": (b"This is no PDF file.", "malformed"),
            "head.pdf": (good[:100], "malformed"),
        }
        for name, (data, _) in files.items():
            (folder / name).write_bytes(data)
        return {folder / name: reason for name, (_, reason) in files.items()}
