"""What kind of answer a question wants, read from its form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from graphbit_extractive.terms import terms

_DEFINITION = re.compile(r"what (?:is|are|does) (?:an? |the )?(?P<topic>[\w ]+?)(?: mean)?\?*$")
_HOW = re.compile(r"(?:how (?:can|do|could|to|should)|is it possible|can i)\b")
_WHEN = re.compile(r"when\b")
_RETURNS = re.compile(r"\bwhat does .* return\b")
_ALLOWED = re.compile(r"\b(?:allow\w*|permit\w*|may|can i|possible|must)\b")
_NEGATIVE = re.compile(
    r"\b(?:not|cannot|can.?t|never|no|without|nor|neither|miss\w*|absent|lack\w*|fail\w*)\b"
)

_SAYS_WHEN = re.compile(r"\b(?:when|after|before|until|while|during|whenever|once)\b")
_SAYS_HOW = re.compile(r"\b(?:by|can be|use|using|may|must)\b")
_SAYS_RETURNS = re.compile(r"\breturns?\b")
_SAYS_ALLOWED = re.compile(r"\b(?:may|must|only|can|cannot|allowed|illegal|permitted)\b")
_SAYS_NOT = re.compile(r"\b(?:not|cannot|can.?t|never|no|without|nor|neither)\b")
_IS_A = re.compile(r"\b(?:is|are) (?:called )?(?:an?|the) ")

_FORM = 0.12
_METHOD = 0.25
_NOT = 0.2
_DEFINES = 0.35


@dataclass(frozen=True)
class Question:
    """A question; ``text`` is in lower case without white space around it."""

    text: str

    @cached_property
    def terms(self) -> Sequence[str]:
        """Its terms, each once, in order."""
        return tuple(dict.fromkeys(terms(self.text)))

    @cached_property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """Terms that stand side by side."""
        return frozenset(pairwise(terms(self.text)))

    @cached_property
    def _topic(self) -> str:
        found = _DEFINITION.match(self.text)
        return found["topic"] if found else ""

    def fit(self, sentence: str) -> float:
        """How much the form of a sentence (in lower case, without marks) is that of an answer, from 0."""
        fit = self._defines(sentence)
        if _WHEN.match(self.text) and _SAYS_WHEN.search(sentence):
            fit += _FORM
        if (
            (_HOW.match(self.text) and _SAYS_HOW.search(sentence))
            or (_RETURNS.search(self.text) and _SAYS_RETURNS.search(sentence))
            or (_ALLOWED.search(self.text) and _SAYS_ALLOWED.search(sentence))
        ):
            fit += _METHOD
        if _NEGATIVE.search(self.text) and _SAYS_NOT.search(sentence):
            fit += _NOT
        return fit

    def _defines(self, sentence: str) -> float:
        """Asked what X is: "X is a …" near the beginning, and "… is called an X"."""
        if not self._topic:
            return 0.0
        begins = _IS_A.search(sentence) and set(terms(self._topic)) <= set(terms(sentence[:80]))
        ends = re.search(rf"{_IS_A.pattern}{re.escape(self._topic)}\b", sentence)
        return _DEFINES * (bool(begins) + bool(ends))
