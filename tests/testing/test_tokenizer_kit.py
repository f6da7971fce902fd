"""The conformance class for tokenizers catches what it is there to catch."""

from __future__ import annotations

import threading
from typing import Any, ClassVar

import pytest

from graphbit_core.testing import TokenizerConformance
from graphbit_core.text import check_text


class Pairs:
    """Two characters are a token."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)

    def count(self, text: str) -> int:
        return len(self.boundaries(text))

    def boundaries(self, text: str) -> list[int]:
        check_text(text)
        return [min(end, len(text)) for end in range(2, len(text) + 2, 2)]


class OneMore(Pairs):
    """Counts a token that has no boundary."""

    def count(self, text: str) -> int:
        return super().count(text) + 1


class Short(Pairs):
    """Forgets the end of the text."""

    def boundaries(self, text: str) -> list[int]:
        return super().boundaries(text)[:-1]


class Special(Pairs):
    """Takes the end of a text for one token."""

    def count(self, text: str) -> int:
        return super().count(text.replace("<|endoftext|>", "x"))

    def boundaries(self, text: str) -> list[int]:
        return super().boundaries(text.replace("<|endoftext|>", "x"))


class Careless(Pairs):
    """Takes whatever it is given."""

    def boundaries(self, text: str) -> list[int]:
        return [min(end, len(text)) for end in range(2, len(text) + 2, 2)]


class Sharing(Pairs):
    """Keeps the text where every thread can reach it."""

    text = ""
    turn = threading.Event()

    def count(self, text: str) -> int:
        Sharing.text = text
        Sharing.turn.wait(0.001)
        return super().count(Sharing.text)


COUNTS = "any_text_is_counted_by_the_same_rules"
TOKENIZERS = [
    (Pairs, set()),
    (OneMore, {COUNTS, "an_empty_text_has_no_tokens"}),
    (Short, {COUNTS}),
    (Special, {"special_tokens_count_as_the_text_that_they_are"}),
    (Careless, {"half_a_surrogate_pair_is_refused_by_name"}),
    (Sharing, {"many_threads_count_the_same"}),
]


def failures(kit: Any) -> set[str]:
    broken = set()
    for name in dir(kit):
        check = getattr(kit, name)
        if not name.startswith("test_") or check.__code__.co_argcount > 1:
            continue
        try:
            check()
        except (AssertionError, pytest.fail.Exception):
            broken.add(name.removeprefix("test_"))
    return broken


@pytest.mark.parametrize(("tokenizer", "broken"), TOKENIZERS)
def test_each_fault_of_a_tokenizer_fails_the_rule_about_it(tokenizer: Any, broken: set[str]) -> None:
    assert failures(type("Kit", (TokenizerConformance,), {"component": tokenizer})()) == broken
