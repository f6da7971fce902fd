"""The registry of models: built-in facts, files over them, and the environment over these."""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from graphbit_core.errors import ComponentNotFoundError
from graphbit_core.llm.models.builtin import NOTHING, builtin
from graphbit_core.llm.models.info import ModelInfo, Resolved
from graphbit_core.llm.models.layer import environment_layer, file_layer
from graphbit_core.llm.models.snapshot import Snapshot
from graphbit_core.types.messages import Usage


class ModelRegistry:
    """Knows models by name. Any thread may call any method; readers wait for nobody.

    Args:
        files: YAML files; later ones go before earlier ones, field by field.
        environ: Where ``GRAPHBIT_MODEL_<ALIAS>`` is looked up, which goes before every file; default: this
            process's environment.
        built_in: Whether it knows the models that come with this package.

    Raises:
        ConfigError: A file or variable is wrong; the message says where.
    """

    def __init__(
        self,
        files: Sequence[str | Path] = (),
        *,
        environ: Mapping[str, str] | None = None,
        built_in: bool = True,
    ) -> None:
        self.files = tuple(map(Path, files))
        self._environ = os.environ if environ is None else environ
        self._built_in = built_in
        self._reading = threading.Lock()
        self._snapshot = self._read()

    def reload(self) -> None:
        """Reads files and environment again; what was resolved before stays as it is.

        Raises:
            ConfigError: Something is wrong with them; then what was known before is still known.
        """
        with self._reading:
            self._snapshot = self._read()

    def resolve(self, name: str, providers: Collection[str] = (), kind: str = "provider") -> Resolved:
        """What ``name`` stands for.

        Args:
            name: ``provider:model``, an alias, a model's own name, or a provider for its default model.
            providers: The providers that are installed.
            kind: What is looked for: ``provider``, or ``embedder`` with the embedders in ``providers``.

        Raises:
            ComponentNotFoundError: Nothing has this name, or no provider of this name is known.
            ValidationError: Several providers have a model of this name.
            ConfigError: A variable that holds a key is not set.
        """
        return self._snapshot.resolve(name, providers, kind)

    def find(self, name: str, providers: Collection[str] = ()) -> Resolved:
        """As ``resolve``, with ``env:NAME`` where a key belongs: for who only looks."""
        return self._snapshot.find(name, providers)

    def info(self, provider: str, model: str) -> ModelInfo | None:
        """What is known about a model of a provider; None if nothing is."""
        return self._snapshot.info(provider, model)

    def models(self, provider: str | None = None, capability: str | None = None) -> list[ModelInfo]:
        """All models, by provider and name; on request those of one provider, or with one capability."""
        snapshot = self._snapshot
        wanted = snapshot.built_in.synonyms.get(provider, provider) if provider else None
        return [
            info
            for info in snapshot.infos()
            if wanted in (None, info.provider) and (capability is None or capability in info.capabilities)
        ]

    @property
    def providers(self) -> Collection[str]:
        """The names of providers that it knows; what is installed is the host's to say."""
        return self._snapshot.providers

    @property
    def aliases(self) -> Mapping[str, str]:
        """Alias → the name that it stands for."""
        return self._snapshot.aliases

    def chain(self, name: str) -> Sequence[tuple[str, str]]:
        """What an alias stands for, step by step, each with the place that says so; empty for other names."""
        return self._snapshot.chain(name)

    def places(self, info: ModelInfo) -> Mapping[str, str]:
        """Field → the file and line that say it; what is not in it is built in."""
        return self._snapshot.places(info)

    @property
    def source(self) -> str:
        """Where the built-in facts are from, and of which day."""
        return self._snapshot.built_in.source

    def cost(self, model: ModelInfo | str, usage: Usage) -> float | None:
        """US dollars for one call; what the API said itself goes first.

        Args:
            model: The model, or its name as ``resolve`` takes it.
            usage: What the call used.

        Returns:
            None if a price that is needed is not known.
        """
        if usage.cost is not None:
            return usage.cost
        if isinstance(model, str):
            try:
                info = self.find(model).info
            except ComponentNotFoundError:  # such as a provider that someone wrote for themselves
                return None
        else:
            info = model
        return info.cost(usage) if info is not None else None

    def _read(self) -> Snapshot:
        layers = [*map(file_layer, self.files), environment_layer(self._environ)]
        return Snapshot(builtin() if self._built_in else NOTHING, layers)
