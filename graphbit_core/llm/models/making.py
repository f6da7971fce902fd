"""Makes facts and settings of the fields that files have."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from graphbit_core.errors import ConfigError
from graphbit_core.llm.models.fields import CONNECTION, REQUEST
from graphbit_core.llm.models.info import ModelInfo, ModelSettings, Prices
from graphbit_core.llm.models.layer import SECRET
from graphbit_core.types.secret import Secret

_PLAIN = (
    "api", "context_window", "max_output_tokens", "sampling", "tokenizer", "dimensions", "released",
    "retires", "successor",
)  # fmt: skip


def make_info(provider: str, name: str, fields: Mapping[str, Any]) -> ModelInfo:
    """Facts about a model."""
    known = {key: fields[key] for key in _PLAIN if key in fields}
    known |= {key: Prices(**fields[key]) for key in ("prices", "long_prices") if key in fields}
    if "capabilities" in fields:
        known["capabilities"] = frozenset(fields["capabilities"])
    return ModelInfo(
        name, provider, tuple(fields.get("aliases", ())), settings=make_settings([fields]), **known
    )


def make_settings(entries: Iterable[Mapping[str, Any]]) -> ModelSettings:
    """What several entries say about calls; later ones go before earlier ones."""
    provider: dict[str, Any] = {}
    request: dict[str, Any] = {}
    policy: dict[str, Any] = {}
    limits: dict[str, Any] = {}
    protect: dict[str, Any] = {}
    timeout = None
    for fields in entries:
        provider |= {key: fields[key] for key in CONNECTION if key in fields and key != "settings"}
        provider |= fields.get("settings", {})
        request |= {key: fields[key] for key in REQUEST if key in fields}
        policy |= fields.get("policy", {})
        limits |= fields.get("limits", {})
        protect |= fields.get("protect", {})
        timeout = fields.get("timeout", timeout)
    return ModelSettings(provider, request, policy, limits, protect, timeout)


def with_environment(settings: ModelSettings, name: str) -> ModelSettings:
    """The settings with the values of the variables that ``env:NAME`` names; keys become secrets.

    Raises:
        ConfigError: A variable is not set.
    """
    return replace(settings, provider=_filled(settings.provider, name))


def _filled(settings: Mapping[str, Any], name: str) -> dict[str, Any]:
    filled: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping):
            filled[key] = _filled(value, name)
        elif isinstance(value, str) and value.startswith("env:"):
            text = os.environ.get(variable := value.removeprefix("env:"), "").strip()
            if not text:
                message = f"{name!r} takes its {key} from the environment variable {variable}; set it"
                raise ConfigError(message, setting=key, source=variable)
            filled[key] = Secret(text) if SECRET.search(key) else text
        else:
            filled[key] = value
    return filled
