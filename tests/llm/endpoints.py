"""Clients with several endpoints: scripted models of this process, ``a`` first."""

from __future__ import annotations

from typing import Any

from graphbit_core import Host, LlmClient
from graphbit_core.testing import ScriptedModel


class Whole(ScriptedModel):
    """A model whose provider streams nothing, and can do nothing more."""

    capabilities = frozenset()


def models(**scripts: Any) -> tuple[Host, dict[str, ScriptedModel]]:
    """A host with one provider per name, and their models; a script is a list of turns or a model."""
    made = {
        name: script if isinstance(script, ScriptedModel) else ScriptedModel(script)
        for name, script in scripts.items()
    }

    def provider(model: ScriptedModel) -> Any:
        return lambda: model

    return Host.isolated({("provider", name): provider(model) for name, model in made.items()}), made


def chain(scripts: dict[str, Any], **options: Any) -> tuple[LlmClient, dict[str, ScriptedModel]]:
    """A client of the first name, with the others as fallbacks, and the models."""
    host, made = models(**scripts)
    first, *others = (f"{name}:m" for name in made)
    return LlmClient(first, host=host, fallbacks=others, **options), made
