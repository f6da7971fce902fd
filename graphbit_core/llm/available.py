"""Whether a model can be asked, as far as that can be told without asking it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from graphbit_core.errors import (
    ComponentNotFoundError,
    ConfigError,
    Finding,
    GraphBitError,
    PluginError,
    ValidationError,
)
from graphbit_core.host.faults import divided
from graphbit_core.llm.client import LlmClient
from graphbit_core.llm.endpoints.endpoint import default_model
from graphbit_core.llm.models import default_registry

if TYPE_CHECKING:
    from graphbit_core.contracts.provider import Provider
    from graphbit_core.host import Resources


def lacking_model(
    llm: str | LlmClient, resources: Resources, needs: Collection[str] = ()
) -> Sequence[Finding]:
    """Why ``llm`` cannot be asked: no such provider, no key, no such model, or it cannot do what is needed.

    Args:
        llm: A model's name as LlmClient takes it, or a client, which has its provider and key already.
        resources: Where providers come from.
        needs: What it must be able to do, such as ``tools``.
    """
    if isinstance(llm, LlmClient):
        return _incapable(llm.provider, llm.capabilities, needs)
    try:
        found = default_registry().resolve(llm, [one.name for one in resources.host.list("provider")])
    except ComponentNotFoundError as error:
        head, colon, _ = llm.partition(":")
        if colon and (missing := resources.lacks_component("provider", head)):
            return missing
        message, fix = divided(error)
        return [Finding("missing_provider", message, fix or "see 'graphbit models list'")]
    except (ConfigError, ValidationError) as error:
        return [_refused(llm, error)]
    name = found.provider
    if missing := resources.lacks_component("provider", name):
        return missing
    try:
        provider: Provider = resources.host.create("provider", name, **found.settings.provider)
    except (PluginError, ConfigError, ValidationError) as error:
        return [_refused(name, error)]
    try:
        provider.chat(found.model or default_model(name, provider))
    except GraphBitError as error:
        fix = "name another model: provider:model"
        return [*_incapable(name, provider.capabilities, needs), Finding("unknown_model", error.message, fix)]
    return _incapable(name, provider.capabilities, needs)


def _refused(name: str, error: GraphBitError) -> Finding:
    if isinstance(error, ConfigError) and error.setting == "api_key":
        fix = f"set {error.source}" if error.source else f"see 'graphbit plugins show {name}'"
        return Finding("missing_key", error.message, fix)
    return Finding("bad_provider", error.message, f"see 'graphbit plugins show {name}'")


def _incapable(provider: str, capabilities: Collection[str], needs: Collection[str]) -> list[Finding]:
    fix = f"use a provider that can; this one can do {', '.join(sorted(capabilities)) or 'nothing more'}"
    return [
        Finding("missing_capability", f"the provider {provider!r} cannot do {need!r}", fix)
        for need in sorted(set(needs) - set(capabilities))
    ]
