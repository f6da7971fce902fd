"""What ``graphbit plugins check`` and pytest try the tool by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest
from roman_tool import roman

from graphbit_core.testing import ToolConformance


class TestRoman(ToolConformance):
    """Every rule of tools."""

    component = roman
    arguments: ClassVar[Mapping[str, Any]] = {"number": 1994}
    expected: ClassVar[Any] = "MCMXCIV"
    failing: ClassVar[Sequence[Mapping[str, Any]]] = ({}, {"number": 0}, {"numeral": "IIX"})


@pytest.mark.parametrize("number", [1, 4, 9, 14, 40, 90, 400, 999, 2026, 3999])
def test_what_was_written_is_read_again(number: int) -> None:
    assert roman(numeral=roman(number)) == number
