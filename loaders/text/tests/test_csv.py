from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from graphbit_loader_text import CsvLoader

from graphbit_core import DocumentError


def load(path: Path, text: str, **settings: Any) -> list[str]:
    path.write_text(text)
    return [document.text for document in CsvLoader(**settings).load(path)]


def test_every_row_carries_its_column_names(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("name,price\npear,1.80\napple,1.20\n")
    first, second = CsvLoader().load(path)
    assert first.text == "name: pear\nprice: 1.80"
    assert first.metadata == {"source": str(path), "row": 1}
    assert second.metadata == {"source": str(path), "row": 2}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out(tmp_path: Path, delimiter: str) -> None:
    lines = ["name", "price", "note"], ["pear", '"1,80; or |"', "a\tb" if delimiter != "\t" else "ab"]
    text = "\n".join(delimiter.join(line) for line in lines)
    [row] = load(tmp_path / "a.csv", text)
    assert row.splitlines()[:2] == ["name: pear", "price: 1,80; or |"]


def test_decimal_commas_do_not_hide_the_semicolon(tmp_path: Path) -> None:
    assert load(tmp_path / "a.csv", "name;price\npear;1,80\nfig;2,00\n")[0] == "name: pear\nprice: 1,80"


def test_a_single_column_needs_no_delimiter(tmp_path: Path) -> None:
    assert load(tmp_path / "a.csv", "word\nhello there\nbye\n") == ["word: hello there", "word: bye"]


def test_a_quoted_value_may_hold_lines_and_quotes(tmp_path: Path) -> None:
    assert load(tmp_path / "a.csv", 'a,b\n"one\ntwo","say ""hi"""\n') == ['a: one\ntwo\nb: say "hi"']


def test_only_a_line_feed_ends_a_row(tmp_path: Path) -> None:
    assert load(tmp_path / "a.csv", "a,b\none\u2028two\x0b,3\n") == ["a: one\u2028two\nb: 3"]


def test_a_value_without_a_name_is_kept_and_a_missing_one_left_out(tmp_path: Path) -> None:
    assert load(tmp_path / "a.csv", "a,\n1,2,3\n,5\n\n7\n") == [
        "a: 1\ncolumn 2: 2\ncolumn 3: 3",
        "column 2: 5",
        "a: 7",
    ]


def test_several_rows_can_share_a_document(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("n\n1\n2\n3\n")
    documents = list(CsvLoader(rows_per_document=2).load(path))
    assert [(d.text, d.metadata["row"]) for d in documents] == [("n: 1\n\nn: 2", 1), ("n: 3", 3)]


def test_a_table_with_too_many_cells_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="more than 4 cells") as caught:
        load(tmp_path / "a.csv", "a,b\n1,2\n3,4\n", max_cells=4)
    assert caught.value.reason == "too_large"
