"""What ``graphbit plugins check`` and pytest try the vector store by."""

from __future__ import annotations

import pytest
from shoebox_store import ShoeboxStore

from graphbit_core import Record, ValidationError
from graphbit_core.testing import VectorStoreConformance


class TestShoeboxStore(VectorStoreConformance):
    """The rules that all vector stores keep."""

    component = ShoeboxStore


def test_a_full_box_takes_no_more_and_keeps_what_it_has() -> None:
    store = ShoeboxStore(dimensions=1, most=1)
    store.add([Record("a", [1], "first")])
    with pytest.raises(ValidationError, match="takes 1 records, not 2"):
        store.add([Record("b", [1], "second")])
    assert [record.text for record in store.get(["a", "b"])] == ["first"]
