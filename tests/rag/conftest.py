"""Documents of one's own, and an index of them with the offline parts."""

from __future__ import annotations

import pytest

from graphbit_core import EmbeddingClient, default_host
from graphbit_core.rag.index import Index

TEXTS = {
    "cats.txt": "Cats are small carnivorous mammals. A cat sleeps up to sixteen hours a day.",
    "rust.md": "# Rust\n\nRust is a systems programming language. Its borrow checker prevents data races.",
    "sub/tea.txt": "Green tea should be brewed at eighty degrees. Black tea needs boiling water.",
}


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "documents"
    for name, text in TEXTS.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.fixture
def open_index(tmp_path):
    """Opens the same index each time it is called."""
    opened = []

    def open_(**settings):
        for index in opened:
            index.close()
        opened.append(Index(tmp_path / "index", EmbeddingClient("hashing"), default_host(), **settings))
        return opened[-1]

    yield open_
    for index in opened:
        index.close()
