from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from graphbit_loader_pdf import PdfLoader
from pypdf import PdfReader, PdfWriter
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

from graphbit_core import DocumentError


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.pdf"
    canvas = Canvas(str(path))
    for text in ("First page.", None, "Third page."):
        if text:
            canvas.drawString(72, 720, text)
        canvas.showPage()
    canvas.save()
    return path


def test_each_page_with_text_is_a_document_with_its_number(report: Path) -> None:
    first, third = PdfLoader().load(report)
    assert (first.text, first.metadata) == ("First page.\n", {"source": str(report), "page": 1})
    assert (third.text, third.metadata) == ("Third page.\n", {"source": str(report), "page": 3})


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128", "AES-128", "AES-256"])
def test_a_file_that_opens_without_a_password_is_read(report: Path, algorithm: str) -> None:
    writer = PdfWriter(clone_from=PdfReader(report))
    writer.encrypt("", "owner", algorithm=algorithm)
    writer.write(report)
    assert [document.metadata["page"] for document in PdfLoader().load(report)] == [1, 3]


def test_too_many_pages_are_refused_before_any_is_read(report: Path) -> None:
    assert list(PdfLoader(max_pages=3).load(report))
    with pytest.raises(DocumentError, match="3 pages, more than the limit of 2; raise max_pages") as caught:
        next(PdfLoader(max_pages=2).load(report))
    assert caught.value.reason == "too_large"


def test_a_damaged_page_is_named_after_the_good_ones_before_it(report: Path) -> None:
    start, page_3, end = report.read_bytes().rpartition(b"/Filter [ /ASCII85Decode /FlateDecode ]")
    report.write_bytes(start + page_3.replace(b"/Flate", b"/Plate") + end)
    documents = PdfLoader().load(report)
    assert next(documents).metadata["page"] == 1
    with pytest.raises(DocumentError, match="page 3 of") as caught:
        next(documents)
    assert (caught.value.reason, caught.value.page) == ("malformed", 3)


def test_remarks_on_a_damaged_file_stay_off_standard_error(report: Path) -> None:
    report.write_bytes(re.sub(rb"startxref\s+\d", b"startxref\n9", report.read_bytes()))
    code = f"""
from pathlib import Path
from graphbit_loader_pdf import PdfLoader
print(len(list(PdfLoader().load(Path({str(report)!r})))))
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert (done.stdout, done.stderr) == ("2\n", "")
