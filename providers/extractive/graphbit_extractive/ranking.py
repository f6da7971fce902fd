"""Which sentences answer a question, and whether any does."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from graphbit_extractive.question import Question
from graphbit_extractive.sentences import Sentence, sentences_of
from graphbit_extractive.terms import is_asking, is_common, likeness, terms

# Weights of a term, at most 1: how rare it is among the sentences decides two thirds.
_FLOOR = 0.32
_ASKING = 0.25
_ABSENT_COMMON = 0.5
# What a term counts that is not in the sentence itself but beside it.
_NEIGHBOUR = 0.33
# Added to the coverage.
_OPENS = 0.03
_OPENS_HEADING = 0.19
_PAIR = 0.25
# Taken away from it.
_LATER_PASSAGE = 0.015
_FRAGMENT = 0.25
_ODD = 0.11
# A sentence of so many terms is neither too long nor too short.
_USUAL_LENGTH = 15
_SHORTEST = 8
_LENGTH_COUNTS = 0.18

_ASIDE = re.compile(r"(?:See|See also|Changed in version|New in version|Added in version|For example)\b")
_MARKS = str.maketrans("", "", '*"`“”')


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may be (part of) the answer.

    Attributes:
        sentence: The sentence.
        score: For ranking; only comparable within one question.
        coverage: Share of the question's weight found in it, its headings and beside it, 0 to 1.
    """

    sentence: Sentence
    score: float
    coverage: float


@dataclass(frozen=True, slots=True)
class _Read:
    """A sentence with its terms."""

    sentence: Sentence
    sequence: Sequence[str]
    own: frozenset[str]
    headings: frozenset[str]
    last_heading: frozenset[str]


def rank(text: str, passages: Sequence[str]) -> list[Candidate]:
    """Every different sentence of ``passages``, best first; equal ones in the order of the passages."""
    question = Question(" ".join(text.lower().split()))
    read = [_read(sentence) for i, passage in enumerate(passages) for sentence in sentences_of(passage, i)]
    weights = _weights(question, read)
    candidates = [_judge(question, weights, item, _beside(read, i)) for i, item in enumerate(read)]
    candidates.sort(key=lambda candidate: -candidate.score)
    return list(_without_repetitions(candidates))


def _read(sentence: Sentence) -> _Read:
    sequence = terms(sentence.text)
    headings = [frozenset(terms(heading)) for heading in sentence.headings]
    last = headings[-1] if headings else frozenset()
    return _Read(sentence, sequence, frozenset(sequence), frozenset().union(*headings), last)


def _weights(question: Question, read: Sequence[_Read]) -> dict[str, float]:
    """Each term's share of the question; together 1, or nothing at all."""
    raw = {}
    for term in question.terms:
        count = sum(1 for item in read if likeness(term, item.own | item.headings))
        rarity = math.log(1 + (len(read) - count + 0.5) / (count + 0.5)) / math.log(2 + 2 * len(read))
        weight = _FLOOR + (1 - _FLOOR) * rarity
        if not count:
            weight = _ABSENT_COMMON if is_common(term) else 1.0
        raw[term] = min(weight, _ASKING) if is_asking(term) else weight
    total = sum(raw.values())
    return {term: weight / total for term, weight in raw.items()} if total else {}


def _beside(read: Sequence[_Read], index: int) -> frozenset[str]:
    """The terms of the sentences before and after it in its passage."""
    passage = read[index].sentence.passage
    around = [read[i] for i in (index - 1, index + 1) if 0 <= i < len(read)]
    return frozenset().union(*(item.own for item in around if item.sentence.passage == passage))


def _judge(
    question: Question, weights: Mapping[str, float], item: _Read, beside: frozenset[str]
) -> Candidate:
    sentence = item.sentence
    coverage = sum(
        weight * max(likeness(term, item.own | item.headings), _NEIGHBOUR * likeness(term, beside))
        for term, weight in weights.items()
    )
    length = max(len(item.sequence), _SHORTEST) / _USUAL_LENGTH
    score = coverage / (1 - _LENGTH_COUNTS + _LENGTH_COUNTS * length)
    if sentence.opens:
        named = sum(weight * likeness(term, item.last_heading) for term, weight in weights.items())
        score += _OPENS + _OPENS_HEADING * named
    pairs = question.pairs & set(pairwise(item.sequence))
    score += _PAIR * sum(weights[left] + weights[right] for left, right in pairs)
    score += question.fit(sentence.text.lower().translate(_MARKS))
    return Candidate(sentence, score - _faults(item), coverage)


def _faults(item: _Read) -> float:
    """What makes a sentence a poor answer, whatever is asked."""
    sentence = item.sentence
    faults = _LATER_PASSAGE * sentence.passage
    if sentence.position == 0 and not sentence.headings and sentence.text[0].islower():
        faults += _FRAGMENT
    if _ASIDE.match(sentence.text):
        faults += _ODD
    if not 3 <= len(item.sequence) <= 45:
        faults += _ODD
    return faults


def _without_repetitions(candidates: Sequence[Candidate]) -> Iterator[Candidate]:
    """Of sentences that say the same in the same words, the first."""
    seen = set()
    for candidate in candidates:
        words = candidate.sentence.text.lower()
        if words not in seen:
            seen.add(words)
            yield candidate
