"""Which conformance class is for which kind of component."""

from __future__ import annotations

from typing import Any, Literal

import graphbit_core.testing
from graphbit_core.host.arguments import settings_of
from graphbit_core.testing.component import ComponentConformance

Flavour = Literal["http", "local"]
"""Providers and embedders are behind HTTP, or compute in this process."""

CONFORMANCE: dict[tuple[str, Flavour | None], str] = {
    ("provider", "http"): "HttpProviderConformance",
    ("provider", "local"): "ProviderConformance",
    ("embedder", "http"): "HttpEmbedderConformance",
    ("embedder", "local"): "EmbedderConformance",
    ("node_type", None): "NodeTypeConformance",
    ("loader", None): "LoaderConformance",
    ("splitter", None): "SplitterConformance",
    ("tokenizer", None): "TokenizerConformance",
    ("vector_store", None): "VectorStoreConformance",
}
_NEEDS = {
    "HttpProviderConformance": ("key_env", "error_body", "text"),
    "HttpEmbedderConformance": ("key_env", "error_body", "vectors_body"),
    "LoaderConformance": ("write_sample",),
}


def flavour_of(kind: str, component: Any) -> Flavour | None:
    """``http`` if a provider or an embedder has an address, ``local`` if not; None for all other kinds."""
    if (kind, "http") not in CONFORMANCE:
        return None
    return "http" if "base_url" in settings_of(component)[0] else "local"


def conformance_of(kind: str, flavour: Flavour | None = None) -> type[ComponentConformance]:
    """The class for components of a kind; the rules of every kind for those that have none of their own."""
    name = CONFORMANCE.get((kind, flavour))
    found: type[ComponentConformance] = getattr(graphbit_core.testing, name) if name else ComponentConformance
    return found


def missing(conformance: type[ComponentConformance], component: Any) -> list[str]:
    """Members that a class must be given before all its rules can be tried over ``component``."""
    _, required, _ = settings_of(component) if callable(component) else ([], [], False)
    needs = next((_NEEDS[one.__name__] for one in conformance.__mro__ if one.__name__ in _NEEDS), ())
    return [*needs, *(["settings"] if required else [])]


def alone(conformance: type[ComponentConformance], component: Any) -> type[ComponentConformance]:
    """The class itself if ``component`` is all it needs, else its nearest base of which that is true."""
    return ComponentConformance if missing(conformance, component) else conformance
