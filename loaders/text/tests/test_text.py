from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from graphbit_loader_text import TextLoader

from graphbit_core import ConfigError, DocumentError

FRENCH = "Les élèves français étudient à l'école; voilà où ça se gâte.\n"
RUSSIAN = "Все люди рождаются свободными и равными в своем достоинстве и правах.\n" * 5


def load(path: Path, data: bytes, **settings: object) -> str:
    path.write_bytes(data)
    [document] = TextLoader(**settings).load(path)  # type: ignore[arg-type]
    return document.text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "latin-1"])
def test_the_encoding_is_found_out(tmp_path: Path, encoding: str) -> None:
    assert load(tmp_path / "a.txt", FRENCH.encode(encoding)) == FRENCH


def test_an_encoding_that_is_not_western_is_found_out(tmp_path: Path) -> None:
    assert load(tmp_path / "a.txt", RUSSIAN.encode("cp1251")) == RUSSIAN


def test_a_named_encoding_is_taken_at_its_word(tmp_path: Path) -> None:
    assert load(tmp_path / "a.txt", "né".encode("cp1252"), encoding="cp1252") == "né"
    with pytest.raises(DocumentError, match="byte 1 is not ascii") as caught:
        load(tmp_path / "a.txt", "né".encode("cp1252"), encoding="ascii")
    assert caught.value.reason == "malformed"


@pytest.mark.parametrize("encoding", ["utf-9", "hex", 8])
def test_an_unknown_encoding_is_refused_at_once(encoding: object) -> None:
    with pytest.raises(ConfigError, match="encoding"):
        TextLoader(encoding=encoding)  # type: ignore[arg-type]


def test_line_ends_are_those_that_python_reads(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    assert load(path, b"one\r\ntwo\rthree\n") == path.read_text() == "one\ntwo\nthree\n"


def test_markup_is_left_as_it_is(tmp_path: Path) -> None:
    assert load(tmp_path / "a.md", b"# Title\n\n* item\n") == "# Title\n\n* item\n"


def test_a_link_to_a_file_is_read_under_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_text("text")
    link = tmp_path / "link.txt"
    link.symlink_to("real.txt")
    [document] = TextLoader().load(link)
    assert document.metadata == {"source": str(link)}


def test_an_error_survives_pickling(tmp_path: Path) -> None:
    with pytest.raises(DocumentError) as caught:
        list(TextLoader().load(tmp_path))
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.facts() == {"path": str(tmp_path), "reason": "unsupported"}
