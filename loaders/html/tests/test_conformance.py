from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from graphbit_loader_html import HtmlLoader, XmlLoader

from graphbit_core.testing import LoaderConformance


def write(folder: Path, files: Mapping[str, tuple[bytes, str]]) -> Mapping[Path, str]:
    for name, (data, _) in files.items():
        (folder / name).write_bytes(data)
    return {folder / name: reason for name, (_, reason) in files.items()}


class TestHtmlLoader(LoaderConformance):
    component = HtmlLoader

    def write_sample(self, folder: Path) -> Path:
        path = folder / "sample.html"
        item = "<li>Grüße <a href='x'>hier</a></li><table><tr><td>1<td>2</table><p>Text &amp; mehr"
        path.write_text(f"<!doctype html><title>Probe</title><body><ul>{item * 20}</ul>", encoding="utf-8")
        return path

    def write_faulty(self, folder: Path) -> Mapping[Path, str]:
        paragraphs = b"<p>" + b"".join(b"<b a%d>" % n for n in range(1000)) + b"<p>x" * 1000
        files = {
            "blank.html": (b" \n", "empty"),
            "script.html": (b"<title>T</title><script>alert(1)</script>", "empty"),
            "picture.html": (b"\x89PNG\r\n\x1a\n\x00\x00", "malformed"),
            "deep.html": (b"<div>" * 1_000_000, "too_large"),
            "unclosed.html": (paragraphs, "too_large"),
            "attributes.html": (b"<p " + b" ".join(b"a%d=1" % n for n in range(20_000)) + b">x", "too_large"),
        }
        return write(folder, files)


class TestXmlLoader(LoaderConformance):
    component = XmlLoader

    def write_sample(self, folder: Path) -> Path:
        path = folder / "sample.xml"
        items = "<item n='1'><name>Müller</name><note>mit <b>fettem</b> Text</note></item>" * 30
        path.write_text(f"<?xml version='1.0' encoding='utf-8'?><items>{items}</items>", encoding="utf-8")
        return path

    def write_faulty(self, folder: Path) -> Mapping[Path, str]:
        laughs = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
        bomb = f'<!DOCTYPE r [<!ENTITY a0 "ha">{laughs}]><r>&a9;</r>'
        files = {
            "blank.xml": (b"\n", "empty"),
            "nothing.xml": (b"<a><b c='d'/></a>", "empty"),
            "cut.xml": (b"<a>text</b>", "malformed"),
            "bomb.xml": (bomb.encode(), "malformed"),
            "file.xml": (b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>', "malformed"),
            "dtd.xml": (b'<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd"><r>text</r>', "malformed"),
            "encoding.xml": (b"<?xml version='1.0' encoding='klingon'?><a>text</a>", "malformed"),
            "deep.xml": (b"<a>" * 100_000 + b"text" + b"</a>" * 100_000, "malformed"),
        }
        return write(folder, files)
