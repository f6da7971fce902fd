"""Puts the layers over each other: later ones go before earlier ones, field by field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from graphbit_core.errors import ConfigError
from graphbit_core.llm.models.fields import CONNECTION, INNER
from graphbit_core.llm.models.layer import PREFIX, Entries, Layer

_DEEP = {*INNER, "settings"}
_TARGET = {"aliases": "model", "providers": "provider"}
"""What an entry stands for, by table."""

Fields = dict[str, Any]


class Merged:
    """All entries of one table, and where each of their fields comes from."""

    def __init__(self, table: str) -> None:
        self.table = table
        self.entries: dict[str, Fields] = {}
        self.places: dict[tuple[str, str], str] = {}

    def add(self, layer: Layer, entries: Entries) -> None:
        """Puts what a layer says over what is there."""
        for name, fields in entries.items():
            entry = self.entries.setdefault(name, {})
            if self._stands_for_another(entry, fields):
                for key in CONNECTION:  # no key goes to a provider that it was not given for
                    entry.pop(key, None)
            for key, value in fields.items():
                entry[key] = {**entry.get(key, {}), **value} if key in _DEEP else value
                self.places[name, key] = layer.place(self.table, name, key)

    def _stands_for_another(self, entry: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
        target = _TARGET.get(self.table)
        if target is None or target not in fields or target not in entry:
            return False
        return _provider(str(entry[target])) != _provider(str(fields[target]))


def merge(layers: Iterable[Layer]) -> tuple[Merged, Merged, Merged]:
    """The models, aliases and providers of all layers, the last of which goes first.

    Raises:
        ConfigError: An alias says no model, means itself, or sends a key to what another alias means.
    """
    models, aliases, providers = Merged("models"), Merged("aliases"), Merged("providers")
    for layer in layers:
        models.add(layer, layer.models)
        providers.add(layer, layer.providers)
        aliases.add(layer, _as_written(layer, aliases) if layer.source == "environment" else layer.aliases)
    for name in aliases.entries:
        _check_alias(name, aliases, providers)
    return models, aliases, providers


def _as_written(layer: Layer, aliases: Merged) -> Entries:
    """The environment's aliases, by the names that files have for them: variables know no dots."""
    written: dict[str, list[str]] = {}
    for name in aliases.entries:
        written.setdefault(_plain(name), []).append(name)
    found = {}
    for name, fields in layer.aliases.items():
        names = written.get(_plain(name), [name])
        if len(names) > 1:
            variable = PREFIX + name.upper().replace("-", "_")
            message = (
                f"the environment variable {variable} may mean the aliases {' and '.join(names)}; rename one"
            )
            raise ConfigError(message, setting=variable, source="environment")
        found[names[0]] = fields
    return found


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "-", name.lower())


def _provider(target: str) -> str:
    return target.partition(":")[0]


def _check_alias(name: str, aliases: Merged, providers: Merged) -> None:
    entry = aliases.entries[name]
    if "model" not in entry:
        raise _wrong(aliases, name, next(iter(entry), ""), "says no 'model'; add model: provider:model")
    if name in providers.entries:
        raise _wrong(aliases, name, "model", "has the name of a provider; rename one")
    target = entry["model"]
    if target in aliases.entries and (bound := [key for key in CONNECTION if key in entry]):
        problem = f"has {bound[0]!r}, but means the alias {target!r}, which may change; write provider:model"
        raise _wrong(aliases, name, bound[0], problem)
    seen = [name]
    while target in aliases.entries:
        if target in seen:
            raise _wrong(aliases, name, "model", f"means itself: {' → '.join([*seen, target])}")
        seen.append(target)
        target = aliases.entries[target].get("model", "")


def _wrong(aliases: Merged, name: str, key: str, problem: str) -> ConfigError:
    place = aliases.places.get((name, key), "")
    message = f"{place}: the alias {name!r} {problem}" if place else f"the alias {name!r} {problem}"
    return ConfigError(message, setting=f"aliases.{name}", source=place or None)
