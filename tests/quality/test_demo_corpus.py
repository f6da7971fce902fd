from __future__ import annotations

from pathlib import Path
from pydoc_data.topics import topics

import demo_corpus
import pytest
from graphbit_loader_docx import DocxLoader
from graphbit_loader_pdf import PdfLoader


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("demo") / "documents"
    demo_corpus.write_corpus(directory)
    return directory


def test_every_topic_is_in_exactly_one_document(corpus: Path) -> None:
    texts = {path.stem for path in corpus.glob("*.txt")}
    assert texts | {*demo_corpus.PDF_TOPICS, *demo_corpus.DOCX_TOPICS} == set(topics)
    assert not texts & {*demo_corpus.PDF_TOPICS, *demo_corpus.DOCX_TOPICS}
    for name in texts:
        assert (corpus / f"{name}.txt").read_text(encoding="utf-8") == topics[name]


def test_the_pdf_holds_its_topics_page_by_page(corpus: Path) -> None:
    pages = list(PdfLoader().load(corpus / demo_corpus.PDF))
    assert [page.metadata["page"] for page in pages] == list(range(1, len(pages) + 1))
    read = squeezed("".join(page.text for page in pages))
    for name in demo_corpus.PDF_TOPICS:
        expected = topics[name].encode("cp1252", "replace").decode("cp1252")
        assert squeezed(expected)[:2000] in read, name


def test_the_word_document_holds_its_topics(corpus: Path) -> None:
    read = squeezed("".join(document.text for document in DocxLoader().load(corpus / demo_corpus.DOCX)))
    for name in demo_corpus.DOCX_TOPICS:
        title, _, body = topics[name].partition("\n")
        assert squeezed(title) in read
        assert squeezed(body.split("\n", 1)[-1])[:2000] in read, name


def test_writing_again_changes_no_file_and_mends_what_is_missing(corpus: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in corpus.iterdir()}
    demo_corpus.write_corpus(corpus)
    assert {path.name: path.stat().st_mtime_ns for path in corpus.iterdir()} == before
    (corpus / "with.txt").unlink()
    (corpus / "mine.txt").write_text("left alone")
    demo_corpus.write_corpus(corpus)
    assert (corpus / "with.txt").is_file()
    assert (corpus / "mine.txt").read_text() == "left alone"
