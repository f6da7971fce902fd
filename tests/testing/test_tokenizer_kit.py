"""The conformance class for tokenizers catches what it is there to catch."""

from __future__ import annotations

import threading
import time
from typing import ClassVar

import pytest
from kit_runs import proof

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


class Slow(Pairs):
    """Looks at all that came before, for each token."""

    def boundaries(self, text: str) -> list[int]:
        found = super().boundaries(text)
        deadline = time.process_time() + 0.3 * (len(text) > 100_000)
        while time.process_time() < deadline:
            pass
        return found


COUNTS = "any_text_is_counted_by_the_same_rules"
BOUNDARIES = "there_is_a_boundary_for_each_token_and_the_last_is_the_end"
PROOFS = {
    "good": proof(TokenizerConformance, Pairs),
    "one more": proof(TokenizerConformance, OneMore, COUNTS, BOUNDARIES, "an_empty_text_has_no_tokens"),
    "short": proof(TokenizerConformance, Short, COUNTS, BOUNDARIES),
    "special": proof(
        TokenizerConformance, Special, "special_tokens_count_as_the_text_that_they_are", BOUNDARIES
    ),
    "careless": proof(TokenizerConformance, Careless, "half_a_surrogate_pair_is_refused_by_name"),
    "sharing": proof(
        TokenizerConformance,
        Sharing,
        "many_threads_at_once_get_the_same",
        "works_inside_a_running_event_loop_and_for_many_tasks_at_once",
    ),
    "slow": proof(
        TokenizerConformance, Slow, "a_long_text_takes_time_in_proportion", only=True, cpu_seconds=0.2
    ),
}


@pytest.mark.parametrize("fault", PROOFS)
def test_a_fault_of_a_tokenizer_fails_the_rule_about_it(fault: str) -> None:
    PROOFS[fault].check()
