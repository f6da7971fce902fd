"""The order of what a model gave."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from graphbit_core import ImagePart, Message, ReasoningPart, TextPart, ToolCall
from graphbit_core.types.messages import Part

A, B = ToolCall("a", "x", "{}"), ToolCall("b", "y", "{}")
BEFORE, AFTER = TextPart("Before."), TextPart("After.", calls_before=2)
BETWEEN = ReasoningPart("Between.", calls_before=1)
IMAGE = ImagePart("https://x/y.png")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("Before.", [BEFORE, A, B]),
        ((), [A, B]),
        ((BEFORE, BETWEEN, AFTER), [BEFORE, A, BETWEEN, B, AFTER]),
        ((AFTER, BETWEEN, BEFORE), [A, B, AFTER, BETWEEN, BEFORE]),
        ((BETWEEN, IMAGE), [A, BETWEEN, IMAGE, B]),
        ((TextPart("Late.", calls_before=9),), [A, B, TextPart("Late.", calls_before=9)]),
    ],
)
def test_parts_stand_behind_the_calls_that_came_before_them(
    content: str | Sequence[Part], expected: list[Part | ToolCall]
) -> None:
    assert list(Message("assistant", content, tool_calls=(A, B)).in_order()) == expected
