"""Patterns through the native module."""

from __future__ import annotations

import threading

import pytest

from graphbit_core.errors import ValidationError
from graphbit_core.kernel import Pattern


def test_a_pattern_is_found_anywhere_in_the_text() -> None:
    assert Pattern(r"größe\s+\d+$").is_match("Die größe 42")
    assert not Pattern(r"^größe").is_match("Die größe 42")


@pytest.mark.parametrize("pattern", ["(", r"(a)\1", "(?=a)", "a" * 2000, "a{1,1000000}"])
def test_a_wrong_pattern_is_named(pattern: str) -> None:
    with pytest.raises(ValidationError, match="pattern: ") as caught:
        Pattern(pattern)
    assert caught.value.field == "pattern"


def test_a_text_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValidationError, match="at most 1048576") as caught:
        Pattern("a").is_match("é" * 600_000)
    assert caught.value.field == "text"


def test_a_repetition_makes_as_many_states() -> None:
    assert Pattern("a{500}").states > 400 + Pattern("a").states


def test_one_pattern_serves_many_threads() -> None:
    pattern = Pattern("(a+)+b$")
    found: list[bool] = []
    texts = ["a" * 500_000 + "b", "a" * 500_000] * 4
    threads = [threading.Thread(target=lambda t=text: found.append(pattern.is_match(t))) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(found) == [False] * 4 + [True] * 4
