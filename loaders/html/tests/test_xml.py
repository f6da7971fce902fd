from __future__ import annotations

from pathlib import Path

import pytest
from graphbit_loader_html import XmlLoader

from graphbit_core import DocumentError


def load(path: Path, data: str | bytes) -> str:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    [document] = XmlLoader().load(path)
    assert document.metadata == {"source": str(path)}
    return document.text


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        ("<a><b>one</b><b>two</b></a>", "one\n\ntwo"),
        ("<a>\n <p>mixed <b>bold</b>\n text</p>\n <p>next</p>\n</a>", "mixed bold text\n\nnext"),
        ("<a><![CDATA[x < y]]> &amp; z<!-- no --></a>", "x < y & z"),
        ("<n:a xmlns:n='u'><n:b>name</n:b></n:a>", "name"),
    ],
)
def test_each_element_with_text_is_a_paragraph(tmp_path: Path, xml: str, text: str) -> None:
    assert load(tmp_path / "a.xml", xml) == text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252"])
def test_the_declared_encoding_is_used(tmp_path: Path, encoding: str) -> None:
    xml = f"<?xml version='1.0' encoding='{encoding}'?><a>Größe</a>"
    assert load(tmp_path / "a.xml", xml.encode(encoding)) == "Größe"


def test_a_document_type_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"document type declaration.*remove"):
        load(tmp_path / "a.xml", "<!DOCTYPE a><a>text</a>")
