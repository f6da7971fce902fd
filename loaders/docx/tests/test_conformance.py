from __future__ import annotations

import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import docx
from graphbit_loader_docx import DocxLoader

from graphbit_core.testing import LoaderConformance

BODY = "word/document.xml"


def sample() -> bytes:
    word = docx.Document()
    word.add_heading("Größen", 0)
    for number in range(5):
        word.add_heading(f"Section {number}", 1)
        word.add_paragraph("A paragraph with some text 😀.")
        table = word.add_table(2, 2)
        table.cell(0, 0).text = "cell"
        table.cell(1, 1).text = "other cell"
    buffer = BytesIO()
    word.save(buffer)
    return buffer.getvalue()


def with_body(xml: bytes | None, **more: bytes) -> bytes:
    """The sample with another main part (None: without it) and more entries."""
    buffer = BytesIO()
    with zipfile.ZipFile(BytesIO(sample())) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = xml if name == BODY else old.read(name)
            if data is not None:
                new.writestr(name, data)
        for name, data in more.items():
            new.writestr(name, data)
    return buffer.getvalue()


def body(inner: str) -> bytes:
    namespace = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    return f'<w:document xmlns:w="{namespace}"><w:body>{inner}</w:body></w:document>'.encode()


class TestDocxLoader(LoaderConformance):
    component = DocxLoader

    def write_sample(self, folder: Path) -> Path:
        path = folder / "sample.docx"
        path.write_bytes(sample())
        return path

    def write_faulty(self, folder: Path) -> Mapping[Path, str]:
        ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
        paragraph = "<w:p><w:r><w:t>text</w:t></w:r></w:p>"
        bomb = b'<!DOCTYPE w:document [<!ENTITY a "ha">]>' + body(paragraph)
        span = '<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="999999999"/></w:tcPr></w:tc></w:tr></w:tbl>'
        cells = f"<w:tbl><w:tr>{'<w:tc/>' * 100_001}</w:tr></w:tbl>"
        files = {
            "blank.docx": (b" \n", "empty"),
            "nothing.docx": (with_body(body("<w:p/>")), "empty"),
            "wide.docx": (with_body(body(span)), "empty"),
            "text.docx": (b"This is no Word document.", "malformed"),
            "cut.docx": (sample()[:-500], "malformed"),
            "other.docx": (with_body(None), "malformed"),
            "broken.docx": (with_body(body("<w:p>")), "malformed"),
            "deep.docx": (with_body(body("<w:sdt>" * 5000 + "</w:sdt>" * 5000)), "malformed"),
            "entities.docx": (with_body(bomb), "malformed"),
            "bomb.docx": (with_body(body(paragraph), bomb=bytes(50_000_000)), "too_large"),
            "cells.docx": (with_body(body(cells)), "too_large"),
            "password.docx": (ole + "EncryptedPackage".encode("utf-16-le"), "encrypted"),
            "old.docx": (ole + "WordDocument".encode("utf-16-le"), "unsupported"),
        }
        for name, (data, _) in files.items():
            (folder / name).write_bytes(data)
        return {folder / name: reason for name, (_, reason) in files.items()}
