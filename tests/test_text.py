from __future__ import annotations

from typing import Any

import pytest

from graphbit_core import Chunk, ConfigError
from graphbit_core.text import check_sizes, to_chunks


def test_sizes_that_fit_come_back() -> None:
    assert check_sizes(10, 9) == (10, 9)


@pytest.mark.parametrize(
    ("size", "overlap", "setting"),
    [
        (0, 0, "chunk_size"),
        ("9", 0, "chunk_size"),
        (9, -1, "chunk_overlap"),
        (9, 9, "chunk_overlap"),
        (9, True, "chunk_overlap"),
    ],
)
def test_sizes_that_do_not_fit_are_refused_by_name(size: Any, overlap: Any, setting: str) -> None:
    with pytest.raises(ConfigError, match=setting) as caught:
        check_sizes(size, overlap)
    assert caught.value.setting == setting


def test_spans_become_chunks_except_white_space() -> None:
    assert to_chunks("ab \n cd", [(0, 2), (2, 5), (5, 7)]) == [Chunk("ab", 0, 2), Chunk("cd", 5, 7)]
