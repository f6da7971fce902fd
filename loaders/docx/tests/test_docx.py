from __future__ import annotations

from pathlib import Path

import docx
import pytest
from docx.document import Document as WordDocument
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from graphbit_loader_docx import DocxLoader

from graphbit_core import Document


def load(word: WordDocument, folder: Path) -> list[Document]:
    path = folder / "a.docx"
    word.save(str(path))
    documents = list(DocxLoader().load(path))
    assert all(document.metadata["source"] == str(path) for document in documents)
    return documents


def test_each_section_is_a_document_with_its_heading_and_place(tmp_path: Path) -> None:
    word = docx.Document()
    word.add_paragraph("Before any heading.")
    word.add_heading("One", 1)
    word.add_paragraph("First.")
    word.add_paragraph("")
    word.add_paragraph("Second.")
    word.add_heading("Two", 2)
    word.add_paragraph("Third.")
    before, one, two = load(word, tmp_path)
    assert (before.text, before.metadata["paragraph"]) == ("Before any heading.", 1)
    assert "title" not in before.metadata
    assert (one.text, one.metadata["title"]) == ("One\n\nFirst.\n\nSecond.", "One")
    assert (two.metadata["title"], two.metadata["paragraph"]) == ("Two", 6)


def test_headings_without_text_go_to_the_section_after_them(tmp_path: Path) -> None:
    word = docx.Document()
    word.add_heading("Book", 0)
    word.add_heading("Chapter", 1)
    word.add_paragraph("Text.")
    [section] = load(word, tmp_path)
    assert section.text == "Book\n\nChapter\n\nText."
    assert (section.metadata["title"], section.metadata["paragraph"]) == ("Chapter", 1)


def test_tables_stand_where_they_are_in_the_document(tmp_path: Path) -> None:
    word = docx.Document()
    word.add_paragraph("Above.")
    table = word.add_table(2, 3)
    for place, text in enumerate(["a", "b", "c", "1", "", "3\n4"]):
        table.cell(place // 3, place % 3).text = text
    word.add_paragraph("Below.")
    assert load(word, tmp_path)[0].text == "Above.\n\na | b | c\n1 |  | 3 4\n\nBelow."


def test_a_merged_cell_is_read_once(tmp_path: Path) -> None:
    word = docx.Document()
    table = word.add_table(3, 2)
    table.cell(0, 0).merge(table.cell(2, 0)).text = "tall"
    for row in range(3):
        table.cell(row, 1).text = str(row)
    assert load(word, tmp_path)[0].text.count("tall") == 1


def test_a_row_with_one_filled_cell_keeps_its_paragraphs(tmp_path: Path) -> None:
    word = docx.Document()
    cell = word.add_table(1, 2).cell(0, 1)
    cell.text = "First."
    cell.add_paragraph("Second.")
    inner = cell.add_table(1, 2)
    inner.cell(0, 0).text, inner.cell(0, 1).text = "x", "y"
    assert load(word, tmp_path)[0].text == "First.\n\nSecond.\n\nx | y"


RUN = "<w:r><w:t>{}</w:t></w:r>"
TAB_STOPS = "<w:pPr><w:tabs><w:tab w:val='left' w:pos='9'/></w:tabs></w:pPr>"
BOX = "<w:r><w:pict><w:txbxContent><w:p>{}</w:p></w:txbxContent></w:pict></w:r>"


@pytest.mark.parametrize(
    ("inner", "text"),
    [
        (f"<w:ins>{RUN.format('inserted')}</w:ins>", "inserted"),
        (f"<w:hyperlink>{RUN.format('linked')}</w:hyperlink>", "linked"),
        (f"<w:sdt><w:sdtContent>{RUN.format('field')}</w:sdtContent></w:sdt>", "field"),
        (RUN.format("kept") + "<w:del><w:r><w:delText>gone</w:delText></w:r></w:del>", "kept"),
        (RUN.format("kept") + f"<w:moveFrom>{RUN.format('gone')}</w:moveFrom>", "kept"),
        (TAB_STOPS + "<w:r><w:t>a</w:t><w:tab/><w:t>b</w:t></w:r>", "a\tb"),
        ("<w:r><w:t>a</w:t><w:br/><w:t>b</w:t></w:r>", "a\nb"),
        (BOX.format(RUN.format("boxed")), "boxed"),
    ],
)
def test_text_is_read_as_word_shows_it(tmp_path: Path, inner: str, text: str) -> None:
    word = docx.Document()
    word.element.body.insert(0, parse_xml(f"<w:p {nsdecls('w')}>{inner}</w:p>"))
    assert load(word, tmp_path)[0].text == text


def test_a_block_in_a_content_control_is_read_in_its_place(tmp_path: Path) -> None:
    word = docx.Document()
    word.add_paragraph("Above.")
    control = f"<w:sdt {nsdecls('w')}><w:sdtContent><w:p>{RUN.format('Inside.')}</w:p></w:sdtContent></w:sdt>"
    word.element.body.insert(1, parse_xml(control))
    word.add_paragraph("Below.")
    assert load(word, tmp_path)[0].text == "Above.\n\nInside.\n\nBelow."
