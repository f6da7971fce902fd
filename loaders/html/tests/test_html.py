from __future__ import annotations

from pathlib import Path

import pytest
from graphbit_loader_html import HtmlLoader

from graphbit_core import Document


def load(path: Path, page: str | bytes) -> Document:
    path.write_bytes(page if isinstance(page, bytes) else page.encode())
    [document] = HtmlLoader().load(path)
    return document


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<div>one</div><div>two</div>", "one\n\ntwo"),
        ("loose <span>inline</span><b>joined</b> text", "loose inlinejoined text"),
        ("<p>a\n  b\t c<br>d</p>e", "a b c\nd\n\ne"),
        ("<h1>Head</h1><ul><li>one<li>two</ul>", "Head\n\none\ntwo"),
        ("<table><tr><th>a</th><th>b</th></tr><tr><td>1<td>2</table>x", "a | b\n1 | 2\n\nx"),
        ("<p>x</p><pre>\nif a:\n    b\n</pre><p>y", "x\n\nif a:\n    b\n\ny"),
        ("a<script>no()</script><style>no</style><template>no</template><!-- no -->b", "ab"),
        ("<p hidden>no</p><p style='color:red; DISPLAY : none'>no</p><p style='color:red'>yes", "yes"),
        ("<noscript>shown without scripts</noscript>", "shown without scripts"),
        ("<button>Buy</button> <textarea>typed</textarea>", "Buy typed"),
        ("caf&eacute; &lt;b&gt; &#128512; &#xD800;", "café <b> 😀 \ufffd"),
        ("<p>a</p>\n\n\n<div><div><p>b</p></div></div>", "a\n\nb"),
    ],
)
def test_a_page_reads_as_it_is_shown(tmp_path: Path, page: str, text: str) -> None:
    assert load(tmp_path / "a.html", page).text == text


def test_the_title_is_metadata_and_not_text(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    document = load(
        path, "<html><head><title> The\n Title </title></head><body>Text<svg><title>no</title></svg>"
    )
    assert document == Document("Text", {"source": str(path), "title": "The Title"})


@pytest.mark.parametrize(
    ("page", "encoding"),
    [
        ("<p>Größe", "utf-8"),
        ("<p>Größe", "utf-8-sig"),
        ("<p>Größe", "utf-16"),
        ("<p>Größe", "cp1252"),
        ("<meta charset='windows-1251'><p>Привет", "cp1251"),
        ("<meta http-equiv=content-type content='text/html; charset=shift_jis'><p>日本語", "shift_jis"),
    ],
)
def test_the_encoding_is_found_as_browsers_find_it(tmp_path: Path, page: str, encoding: str) -> None:
    text = load(tmp_path / "a.html", page.encode(encoding)).text
    assert text == page.rpartition("<p>")[2]


def test_a_page_with_many_unclosed_paragraphs_and_items_is_read(tmp_path: Path) -> None:
    text = load(tmp_path / "a.html", "<ul>" + "<li>item<p>text<br>" * 20_000).text
    assert text.count("item") == 20_000


def test_a_deeply_nested_page_is_read_without_recursion(tmp_path: Path) -> None:
    assert load(tmp_path / "a.html", "<div>" * 4_000 + "deep").text == "deep"
