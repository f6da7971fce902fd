"""The node type ``triage``."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from graphbit_core import Choice, NodeContext, NodeType, ValidationError


class TriageNode(NodeType):
    """Sends a text along the edge whose rule it fits first, by the words in it."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    inline = True

    def __init__(self, *, rules: Mapping[str, Sequence[str]], otherwise: str = "other") -> None:
        """Checks the table.

        Args:
            rules: For each label the words or phrases of which one must be in the text; the first rule that
                fits counts, and capitals do not.
            otherwise: The label where no rule fits.

        Raises:
            ValidationError: The table has no rules, a rule has no words, or ``otherwise`` is no label.
        """
        if not isinstance(rules, Mapping) or not rules:
            raise ValidationError(f"rules is {rules!r}; give label: [words]", field="rules")
        if not isinstance(otherwise, str) or not otherwise or otherwise in rules:
            raise ValidationError(
                f"otherwise is {otherwise!r}; give a label that no rule has", field="otherwise"
            )
        self._rules = {label: _pattern(label, phrases) for label, phrases in rules.items()}
        self._otherwise = otherwise

    def labels(self) -> Collection[str]:
        """Those of the rules, and the one for all else."""
        return (*self._rules, self._otherwise)

    def input_type(self, port: str | None) -> Any:
        """A text comes in."""
        return str

    def output_type(self) -> Any:
        """And goes out as it is."""
        return str

    def run(self, context: NodeContext) -> Choice:
        """Chooses the edge; the text goes along it."""
        fitting = (label for label, pattern in self._rules.items() if pattern.search(context.value))
        return Choice([next(fitting, self._otherwise)], context.value)


def _pattern(label: str, phrases: Sequence[str]) -> re.Pattern[str]:
    listed = isinstance(phrases, Sequence) and not isinstance(phrases, str)
    if not listed or not phrases or not all(isinstance(phrase, str) and phrase for phrase in phrases):
        raise ValidationError(f"rules.{label} is {phrases!r}; give a list of words", field="rules")
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, phrases))})\b", re.IGNORECASE)
