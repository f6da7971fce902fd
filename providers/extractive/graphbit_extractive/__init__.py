"""Answers with the sentences of its passages, in this process, without a model's weights."""

from __future__ import annotations

from graphbit_extractive.model import ExtractiveModel
from graphbit_extractive.provider import ExtractiveProvider

__all__ = ["ExtractiveModel", "ExtractiveProvider"]
