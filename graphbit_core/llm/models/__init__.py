"""The registry of models: facts, prices, aliases, and how they are called."""

from __future__ import annotations

from graphbit_core.llm.models.default import default_registry
from graphbit_core.llm.models.info import ModelInfo, ModelSettings, Prices, Resolved
from graphbit_core.llm.models.registry import ModelRegistry

__all__ = ["ModelInfo", "ModelRegistry", "ModelSettings", "Prices", "Resolved", "default_registry"]
