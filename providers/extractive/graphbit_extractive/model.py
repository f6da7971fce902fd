"""The model: a request with passages in, cited sentences out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graphbit_core import (
    NOT_FOUND,
    ChatRequest,
    ChatResponse,
    Delta,
    Message,
    PassagePart,
    Usage,
    ValidationError,
)
from graphbit_extractive.ranking import Candidate, rank


class ExtractiveModel:
    """Answers with up to ``max_sentences`` sentences of the passages, each cited as ``[number]``.

    The answer is streamed sentence by sentence; the best one's passage comes first. It is always the same
    for the same request. Tokens in the usage are words (separated by white space), of the question and the
    passages going in and of the answer coming out.
    """

    def __init__(self, name: str, *, max_sentences: int, min_coverage: float) -> None:
        self._name = name
        self._max_sentences = max_sentences
        self._min_coverage = min_coverage

    def respond(self, request: ChatRequest) -> Iterator[Delta | ChatResponse]:
        """Yields a delta per sentence and, last, the whole answer.

        Raises:
            ValidationError: The request has no passages or no question, or asks for tools or JSON.
        """
        question, passages = _question(request), _passages(request)
        if request.tools or request.output:
            raise ValidationError(
                "the extractive model quotes passages; it can neither call tools nor write JSON",
                field="tools" if request.tools else "output",
            )
        pieces = [f"{sentence} [{number}]" for sentence, number in self._answer(question, passages)]
        kept = _shortened(pieces or [NOT_FOUND], request.max_tokens)
        for i, piece in enumerate(kept):
            yield Delta("text", piece if i == 0 else f" {piece}")
        text = " ".join(kept)
        read = sum(len(part.split()) for part in (question, *(passage.text for passage in passages)))
        yield ChatResponse(
            Message("assistant", text),
            finish_reason="stop" if len(kept) == len(pieces or [NOT_FOUND]) else "length",
            usage=Usage(read, len(text.split())),
            model=self._name,
        )

    def _answer(self, question: str, passages: Sequence[PassagePart]) -> list[tuple[str, int]]:
        """Sentences with the numbers of their passages; none if nothing answers."""
        best = rank(question, [passage.text for passage in passages])[: self._max_sentences]
        if max((candidate.coverage for candidate in best), default=0.0) < self._min_coverage:
            return []
        kept = [candidate for candidate in best if candidate.score >= _WORTH * best[0].score]
        return [(item.sentence.text, passages[item.sentence.passage].number) for item in _in_order(kept)]


_WORTH = 0.6
"""A further sentence is added if it scores at least this share of the best one."""


def _in_order(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Passages in the order of their best sentence; within one, as they stand in it."""
    order = list(dict.fromkeys(candidate.sentence.passage for candidate in candidates))
    return sorted(candidates, key=lambda item: (order.index(item.sentence.passage), item.sentence.position))


def _shortened(pieces: list[str], max_tokens: int | None) -> list[str]:
    """As many whole pieces as ``max_tokens`` words allow."""
    if max_tokens is None:
        return pieces
    words = 0
    for i, piece in enumerate(pieces):
        words += len(piece.split())
        if words > max_tokens:
            return pieces[:i]
    return pieces


def _question(request: ChatRequest) -> str:
    asked = [message.text for message in request.messages if message.role == "user"]
    if not asked or not asked[-1].strip():
        raise ValidationError(
            "the extractive model needs a question: the text of the last user message", field="messages"
        )
    return asked[-1]


def _passages(request: ChatRequest) -> list[PassagePart]:
    """Those of the last message that has any."""
    for message in reversed(request.messages):
        parts = [] if isinstance(message.content, str) else message.content
        passages = [part for part in parts if isinstance(part, PassagePart)]
        if passages:
            return passages
    raise ValidationError(
        "the extractive model answers from passages only; give it PassagePart(number, text, source) in a "
        "message, for example by a retrieve node before the agent",
        field="messages",
    )
