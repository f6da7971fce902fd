"""What the registry knows at one moment. It never changes, so that readers need no lock."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from graphbit_core.errors import ComponentNotFoundError, ValidationError
from graphbit_core.host.faults import not_installed
from graphbit_core.llm.models.builtin import Builtin
from graphbit_core.llm.models.info import ModelInfo, Prices, Resolved
from graphbit_core.llm.models.layer import Layer
from graphbit_core.llm.models.making import make_info, make_settings, with_environment
from graphbit_core.llm.models.merge import Fields, Merged, merge
from graphbit_core.nearest import nearest

_FREE = {"input": 0.0, "output": 0.0}


class Snapshot:
    """Models, aliases and providers of all layers, with the built-in ones under them.

    Raises:
        ConfigError: An alias is wrong.
    """

    def __init__(self, built_in: Builtin, layers: Iterable[Layer]) -> None:
        self.built_in = built_in
        self._models, self._aliases, self._providers = merge(layers)
        self._infos: dict[tuple[str, str], ModelInfo] = {}
        self._rows: dict[str, dict[str, Mapping[str, Any]]] = {
            provider: dict(models) for provider, models in built_in.models.items()
        }
        for name, fields in self._models.entries.items():
            provider, _, model = name.partition(":")
            self._put(self._here(provider), model, fields)
        self._names = {
            (provider, other): model
            for provider, models in self._rows.items()
            for model, row in models.items()
            for other in (model, *row.get("aliases", ()))
        }
        self._by_name: dict[str, list[str]] = {}
        for provider, name in self._names:
            self._by_name.setdefault(name, []).append(provider)

    @cached_property
    def providers(self) -> frozenset[str]:
        """Every name of a provider that it knows."""
        built_in = self.built_in
        return frozenset((*self._rows, *self._providers.entries, *built_in.synonyms, *built_in.local))

    @property
    def aliases(self) -> Mapping[str, str]:
        """Alias → what it stands for."""
        return {name: fields["model"] for name, fields in sorted(self._aliases.entries.items())}

    def chain(self, name: str) -> list[tuple[str, str]]:
        """What an alias stands for, step by step, each with the place that says so."""
        steps = []
        while (alias := self._aliases.entries.get(name)) is not None:
            steps.append((alias["model"], self._aliases.places[name, "model"]))
            name = alias["model"]
        return steps

    def infos(self) -> Iterator[ModelInfo]:
        """Every model, by provider and name."""
        for provider in sorted(self._rows):
            for model in sorted(self._rows[provider]):
                yield self._made(provider, model)

    def places(self, info: ModelInfo) -> dict[str, str]:
        """Field → where its value comes from."""
        name = self._models_name(info)
        return {key: place for (model, key), place in self._models.places.items() if model == name}

    def info(self, provider: str, model: str) -> ModelInfo | None:
        """What is known about a model of a provider, whatever that one is called."""
        bare = provider.partition("@")[0]
        base = self._base(bare)
        general = self._providers.entries.get(bare, {}).get("prices")
        if general is None and self._here(base) in self.built_in.local:
            general = _FREE
        for owner in dict.fromkeys((bare, self._here(bare), self._here(base))):
            if (canonical := self._names.get((owner, model))) is not None:
                info = self._made(owner, canonical)
                return info if info.prices or not general else replace(info, prices=Prices(**general))
        return make_info(bare, model, {"prices": general}) if model and general else None

    def resolve(self, name: str, providers: Collection[str], kind: str) -> Resolved:
        """What ``name`` stands for, with its keys. Raises as the registry's ``resolve``."""
        found = self.find(name, providers, kind)
        return replace(found, settings=with_environment(found.settings, name))

    def find(self, name: str, providers: Collection[str], kind: str = "provider") -> Resolved:
        """What ``name`` stands for; ``env:NAME`` stands where a key belongs."""
        names = [name, *(target for target, _ in self.chain(name))]
        aliases = [self._aliases.entries[one] for one in reversed(names[:-1])]
        provider, model = self._divided(names[-1], providers, kind)
        bare = provider.partition("@")[0]
        entries = [self._providers.entries.get(bare, {}), self._own_row(bare, model), *aliases]
        installed = self._installed(provider, providers)
        return Resolved(installed, model, self.info(bare, model), make_settings(entries))

    def _put(self, provider: str, model: str, fields: Fields) -> None:
        """Puts a file's fields over a built-in model; another name of one becomes a model of its own."""
        rows = self._rows.setdefault(provider, {})
        under = rows.get(model)
        if under is None:
            for known, row in rows.items():
                if model in row.get("aliases", ()):
                    under = {key: value for key, value in row.items() if key != "aliases"}
                    rows[known] = {**row, "aliases": [one for one in row["aliases"] if one != model]}
                    break
        merged = Merged("models")
        merged.entries[model] = dict(under or {})
        merged.add(Layer(""), {model: fields})
        rows[model] = merged.entries[model]

    def _divided(self, name: str, providers: Collection[str], kind: str) -> tuple[str, str]:
        """Provider and model; an empty model is the provider's default."""
        head, colon, model = name.partition(":")
        bare = head.partition("@")[0]
        if bare in self.providers or bare in providers:
            return head, model
        owners = self._by_name.get(name, [])
        if len(owners) > 1:
            owners = [one for one in owners if one in self.built_in.makers] or owners
        if len(owners) > 1:
            owners = [one for one in owners if self._installed(one, providers) in providers] or owners
        if len(owners) == 1:
            return owners[0], name
        if owners:
            names = " or ".join(f"{owner}:{name}" for owner in sorted(owners))
            raise ValidationError(f"several providers have a model {name!r}; write {names}", field="model")
        if colon:
            raise not_installed(kind, head, providers, self.providers)
        raise self._unknown(name, {*self.providers, *providers}, kind, providers)

    def _unknown(
        self, name: str, known: set[str], kind: str, installed: Collection[str]
    ) -> ComponentNotFoundError:
        near = nearest(name, {*known, *self._aliases.entries, *self._by_name})
        have = ", ".join(sorted(installed)) or "none"
        message = (
            f"no {kind}, alias or known model is called {name!r}{near}; write {kind}:model, or see "
            f"'graphbit models list'. Installed {kind}s: {have}"
        )
        return ComponentNotFoundError(message, kind=kind, name=name)

    def _here(self, provider: str) -> str:
        """The name that the data has for a provider."""
        return self.built_in.synonyms.get(provider, provider)

    def _base(self, provider: str) -> str:
        """The provider that a provider of one's own is made of."""
        return str(self._providers.entries.get(provider, {}).get("provider", provider))

    def _installed(self, provider: str, providers: Collection[str]) -> str:
        """The component that ``provider`` means, by the name under which it is installed."""
        bare, at, distribution = provider.partition("@")
        base = self._base(bare)
        if base not in providers:
            here = self._here(base)
            same = [here, *(name for name, one in self.built_in.synonyms.items() if one == here)]
            base = next((name for name in same if name in providers), base)
        return base + at + distribution

    def _own_row(self, provider: str, model: str) -> Mapping[str, Any]:
        for owner in (provider, self._here(provider)):
            if (canonical := self._names.get((owner, model))) is not None:
                return self._rows[owner][canonical]
        return {}

    def _made(self, provider: str, model: str) -> ModelInfo:
        key = provider, model
        if (info := self._infos.get(key)) is None:
            info = self._infos[key] = make_info(provider, model, self._rows[provider][model])
        return info

    def _models_name(self, info: ModelInfo) -> str:
        for name in self._models.entries:
            provider, _, model = name.partition(":")
            if model == info.name and self._here(provider) == info.provider:
                return name
        return info.id
