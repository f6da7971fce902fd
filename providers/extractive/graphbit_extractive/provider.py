"""The provider: settings, and one model."""

from __future__ import annotations

from typing import ClassVar

from graphbit_core import ConfigError
from graphbit_extractive.model import ExtractiveModel

_MODEL = "sentences"


class ExtractiveProvider:
    """Answers questions from passages by quoting the sentences that answer them; no key, no network.

    It says "Not found in the documents." (``graphbit_core.NOT_FOUND``) when no sentence covers enough of
    the question. It is made for English; in other languages it finds shared words only.
    """

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    capabilities: ClassVar[frozenset[str]] = frozenset({"stream"})
    default_model: ClassVar[str] = _MODEL

    def __init__(self, *, max_sentences: int = 3, min_coverage: float = 0.47) -> None:
        """Makes the provider.

        Args:
            max_sentences: Most sentences of an answer, at least 1.
            min_coverage: Share of the question's weight that the best sentences must cover, 0 to 1. Lower
                answers more questions, also some that the passages do not answer.

        Raises:
            ConfigError: A setting is out of its range.
        """
        if isinstance(max_sentences, bool) or not isinstance(max_sentences, int) or max_sentences < 1:
            raise ConfigError(f"max_sentences is {max_sentences!r}; use 1 or more", setting="max_sentences")
        if not isinstance(min_coverage, (int, float)) or not 0 <= min_coverage <= 1:
            raise ConfigError(f"min_coverage is {min_coverage!r}; use 0 to 1", setting="min_coverage")
        self._max_sentences = max_sentences
        self._min_coverage = min_coverage

    def chat(self, model: str) -> ExtractiveModel:
        """The model; there is one, called ``sentences``.

        Raises:
            ConfigError: Another model was asked for.
        """
        if model != _MODEL:
            raise ConfigError(
                f"the extractive provider has no model {model!r}; use 'extractive:{_MODEL}'", setting="model"
            )
        return ExtractiveModel(
            f"extractive:{model}", max_sentences=self._max_sentences, min_coverage=self._min_coverage
        )

    def resource(self) -> str:
        """Nothing is shared: it runs in this process."""
        return "extractive"
