"""Rules for tokenizers."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any, ClassVar

import pytest

from graphbit_core.errors import ValidationError
from graphbit_core.testing.rules.in_process import InProcessConformance
from graphbit_core.testing.rules.splitter import TEXTS

_LONG = 200_000


class TokenizerConformance(InProcessConformance):
    """Rules for tokenizers: a subclass gives ``component``.

    They prove that counts and boundaries agree for every text, that special tokens are ordinary text, that
    time grows with the length, and that what no model can be sent is refused.
    """

    kind = "tokenizer"
    cpu_seconds: ClassVar[float] = 20.0
    """Most CPU time that a text of 200,000 characters may take."""

    def use(self, instance: Any, folder: Path) -> Any:
        return [(instance.count(text), list(instance.boundaries(text))) for text in TEXTS.values()]

    @pytest.mark.parametrize("name", TEXTS)
    def test_there_is_a_boundary_for_each_token_and_the_last_is_the_end(self, name: str) -> None:
        self._check(TEXTS[name])

    def test_any_text_is_counted_by_the_same_rules(self) -> None:
        rng = random.Random(7)  # noqa: S311 - the same texts every time
        for _ in range(100):
            points = (rng.choice((rng.randrange(0xD800), rng.randrange(0xE000, 0x110000))) for _ in range(30))
            self._check(
                "".join(rng.choices([*map(chr, points), *"ab .\n😀\u0301\u200d"], k=rng.randrange(200)))
            )

    def test_an_empty_text_has_no_tokens(self) -> None:
        count, boundaries = self.make().count(""), list(self.make().boundaries(""))
        assert (count, boundaries) == (0, []), f"count('') is {count}, boundaries('') are {boundaries}"

    def test_special_tokens_count_as_the_text_that_they_are(self) -> None:
        for text in ("<|endoftext|>", "<|im_start|>", "<s>", "</s>", "[INST]"):
            assert self.make().count(text * 10) > 10, f"{text} is taken for one token"

    def test_half_a_surrogate_pair_is_refused_by_name(self) -> None:
        for call in (self.make().count, self.make().boundaries):
            with pytest.raises(ValidationError) as caught:
                call("ab\ud83d")
            assert caught.value.field == "text", "say ValidationError(…, field='text')"

    @pytest.mark.parametrize("unit", ["words and ", " ", "日本", "a1-"])
    def test_a_long_text_takes_time_in_proportion(self, unit: str) -> None:
        text = (unit * _LONG)[:_LONG]
        self.make().count("warm up")
        started = time.process_time()
        self.make().boundaries(text)
        took = time.process_time() - started
        assert took < self.cpu_seconds, f"{_LONG} characters take {took:.0f} s"

    def _check(self, text: str) -> None:
        tokenizer = self.make()
        boundaries = list(tokenizer.boundaries(text))
        assert len(boundaries) == tokenizer.count(text), "as many boundaries as tokens"
        assert boundaries == sorted(boundaries), "boundaries are in the order of the text"
        assert bool(boundaries) == bool(text), f"{text!r:.80} has {len(boundaries)} tokens"
        ends = not boundaries or (boundaries[0] >= 0 and boundaries[-1] == len(text))
        assert ends, f"the last boundary of {len(text)} characters is {boundaries[-1]}"
