from __future__ import annotations

from pathlib import Path

import pytest
from graphbit_loader_text import JsonLoader

from graphbit_core import DocumentError


def test_json_becomes_indented_text_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"b": "Größe", "a": [1, true]}')
    [document] = JsonLoader().load(path)
    assert document.text == '{\n  "b": "Größe",\n  "a": [\n    1,\n    true\n  ]\n}'
    assert document.metadata == {"source": str(path)}


def test_json_lines_give_one_document_per_line_that_has_a_value(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"n": 1}\n\nnull\n"two\u2028"\n')
    first, second = JsonLoader().load(path)
    assert (first.text, first.metadata["line"]) == ('{\n  "n": 1\n}', 1)
    assert (second.text, second.metadata["line"]) == ('"two\u2028"', 4)


def test_half_of_a_surrogate_pair_becomes_a_replacement_character(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(r'["\ud83d\ude00", "\ud83d"]')
    [document] = JsonLoader().load(path)
    assert document.text == '[\n  "😀",\n  "\ufffd"\n]'


@pytest.mark.parametrize("text", ["[1, 2", "{'a': 1}", "1" * 5000, '{"a":1}{"b":2}'])
def test_what_is_not_json_is_malformed(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(DocumentError, match=r"cannot read .*a\.json as JSON") as caught:
        list(JsonLoader().load(path))
    assert caught.value.reason == "malformed"
