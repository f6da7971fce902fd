"""How good the offline answers are: 40 questions that the demo's documents answer, and 10 that they do not.

The documents are the topics of the Python language reference (``pydoc_data.topics``), each one text. They
are cut, embedded, stored and asked with the parts that ``graphbit ask`` uses by default. A question counts as

- *retrieved* if one of the five passages is from a topic that answers it,
- *answered* if the answer quotes a sentence that does,
- *not found* if the answer is exactly NOT_FOUND.

``quality/questions.json`` was written before any of it was measured. The weights and the threshold of the
answerer were tuned on every other question (its rules were not: their author had read all 50), so the figures
of both halves are shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

import bm25s
import snowballstemmer  # type: ignore[import-untyped]
from graphbit_embedder_hashing import HashingEmbedder
from graphbit_extractive import ExtractiveProvider
from graphbit_splitter_text import RecursiveSplitter
from graphbit_store_qdrant_edge import QdrantEdgeStore

from graphbit_core import (
    NOT_FOUND,
    ChatRequest,
    ChatResponse,
    Match,
    Message,
    PassagePart,
    Query,
    Record,
    TextPart,
)

QUESTIONS = Path(__file__).parent / "quality" / "questions.json"
K = 5


@dataclass(frozen=True)
class Question:
    """A question with the topics that answer it and words of the sentences that do; none: unanswerable."""

    question: str
    topics: Sequence[str] = ()
    sentences: Sequence[str] = ()


@dataclass(frozen=True)
class Verdict:
    """How one answerable question went."""

    retrieved: bool
    bm25_retrieved: bool
    in_passages: bool
    answered: bool
    first: bool


@dataclass(frozen=True)
class Figures:
    """A verdict per answerable question, and the unanswerable ones that were answered all the same."""

    passages: int
    verdicts: dict[str, Verdict]
    invented: Sequence[str]
    unanswerable: int

    def share(self, name: str) -> float:
        """Of the answerable questions, how many (0 to 1) have this verdict."""
        return _mean([getattr(verdict, name) for verdict in self.verdicts.values()])

    @property
    def answered_halves(self) -> tuple[float, float]:
        """The share answered of the questions that weights were tuned on, and of the others."""
        answered = [verdict.answered for verdict in self.verdicts.values()]
        return _mean(answered[::2]), _mean(answered[1::2])

    @property
    def not_found(self) -> float:
        """The share of the unanswerable that were said to be so."""
        return 1 - len(self.invented) / self.unanswerable

    @property
    def missed(self) -> list[str]:
        """Answerable questions without a right sentence in the answer."""
        return [question for question, verdict in self.verdicts.items() if not verdict.answered]


def _mean(hits: Sequence[bool]) -> float:
    return sum(hits) / len(hits)


def questions() -> tuple[list[Question], list[Question]]:
    """The answerable and the unanswerable ones."""
    data = json.loads(QUESTIONS.read_text(encoding="utf-8"))
    return [Question(**item) for item in data["answerable"]], [
        Question(text) for text in data["unanswerable"]
    ]


def plain(text: str) -> str:
    """Lower case without marks and line ends: versions of Python differ in these."""
    joined = re.sub(r"-\n\s*", "-", text)
    return " ".join(re.sub(r"""["“”‘’'`*]""", "", joined).lower().split())


class Corpus:
    """The passages of all topics, in a store and in a BM25 index."""

    def __init__(self, texts: dict[str, str], store: QdrantEdgeStore, embedder: HashingEmbedder) -> None:
        self._store = store
        self._embedder = embedder
        splitter = RecursiveSplitter(chunk_size=1000, chunk_overlap=200)
        self.passages = [(name, c.text) for name in sorted(texts) for c in splitter.split(texts[name])]
        vectors = embedder.embed([text for _, text in self.passages])
        store.add(
            Record(f"{i:05}", vector, text, {"topic": name})
            for i, ((name, text), vector) in enumerate(zip(self.passages, vectors, strict=True))
        )

    def search(self, question: str) -> list[Match]:
        """The best passages by vectors and words."""
        (vector,) = self._embedder.embed([question])
        return self._store.search(Query(vector, k=K, text=question))

    def bm25_topics(self, question: str) -> list[str]:
        """The topics of the best passages by BM25 alone, with stems and without stop words."""
        found, _ = self._bm25.retrieve(self._tokens([question]), k=K, show_progress=False)
        return [self.passages[i][0] for i in found[0]]

    @cached_property
    def _bm25(self) -> Any:
        index = bm25s.BM25()
        index.index(self._tokens([text for _, text in self.passages]), show_progress=False)
        return index

    @staticmethod
    def _tokens(texts: list[str]) -> Any:
        stem = snowballstemmer.stemmer("english").stemWords
        return bm25s.tokenize(texts, stopwords="en_plus", stemmer=stem, show_progress=False)


def measure(texts: dict[str, str] = topics) -> Figures:
    """All figures over ``texts``, topic by topic; takes a few seconds."""
    embedder = HashingEmbedder()
    answerable, unanswerable = questions()
    with closing(QdrantEdgeStore(dimensions=embedder.dimensions)) as store:
        corpus = Corpus(texts, store, embedder)
        verdicts = {question.question: _judge(corpus, question) for question in answerable}
        answers = {item.question: _ask(item.question, corpus.search(item.question)) for item in unanswerable}
    invented = [question for question, answer in answers.items() if answer != NOT_FOUND]
    return Figures(len(corpus.passages), verdicts, invented, len(unanswerable))


def _judge(corpus: Corpus, question: Question) -> Verdict:
    matches = corpus.search(question.question)
    answer = _ask(question.question, matches)
    return Verdict(
        retrieved=any(match.metadata["topic"] in question.topics for match in matches),
        bm25_retrieved=any(name in question.topics for name in corpus.bm25_topics(question.question)),
        in_passages=any(_holds(match.text, question) for match in matches),
        answered=_holds(answer, question),
        first=_holds(re.split(r" \[\d+\]", answer)[0], question),
    )


def _holds(text: str, question: Question) -> bool:
    read = plain(text)
    return any(sentence in read for sentence in question.sentences)


def _ask(question: str, matches: Sequence[Match]) -> str:
    parts = [PassagePart(i, match.text, str(match.metadata["topic"])) for i, match in enumerate(matches, 1)]
    request = ChatRequest([Message("user", [*parts, TextPart(question)])])
    provider = ExtractiveProvider()
    *_, last = provider.chat(provider.default_model).respond(request)
    assert isinstance(last, ChatResponse)
    return last.text


def main() -> list[tuple[str, str]]:
    """Rows of the table."""
    figures = measure()
    tuned, other = figures.answered_halves
    return [
        ("passages", str(figures.passages)),
        (f"right topic among the first {K}", f"{figures.share('retrieved'):.1%}"),
        ("the same with BM25 alone (stems, no stop words)", f"{figures.share('bm25_retrieved'):.1%}"),
        (f"right sentence in the first {K} passages", f"{figures.share('in_passages'):.1%}"),
        (
            "right sentence in the answer",
            f"{figures.share('answered'):.1%} (half tuned on {tuned:.1%}, other half {other:.1%})",
        ),
        ("right sentence is the first of the answer", f"{figures.share('first'):.1%}"),
        ("unanswerable and said so", f"{figures.not_found:.1%}"),
        *(("no right sentence", question) for question in figures.missed),
        *(("should not be answered", question) for question in figures.invented),
    ]


if __name__ == "__main__":
    for row in main():
        print(": ".join(row))
