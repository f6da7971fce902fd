"""Which conformance class is for which kind of component."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Literal

from graphbit_core.host.arguments import settings_of
from graphbit_core.testing.rules.component import ComponentConformance, DeclaredConformance, is_ready
from graphbit_core.testing.rules.overriding import is_of_kit

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
    ("tool", None): "ToolConformance",
    ("plugin", None): "HooksConformance",
}
"""Kind, and flavour where it has two → name of the class in ``graphbit_core.testing``."""


def flavour_of(kind: str, component: Any) -> Flavour | None:
    """``http`` if a provider or an embedder has an address, ``local`` if not; None for all other kinds."""
    if (kind, None) in CONFORMANCE or (kind, "http") not in CONFORMANCE:
        return None
    return "http" if "base_url" in settings_of(component)[0] else "local"


def conformance_of(kind: str, flavour: Flavour | None = None) -> type[DeclaredConformance]:
    """The class for components of a kind; the rules of every kind for those that have none of their own.

    Args:
        kind: A kind of component, or ``plugin`` for hooks.
        flavour: Needed for providers and embedders; ``flavour_of`` tells.

    Raises:
        ValueError: The kind has two flavours, and none is named.
    """
    if flavour is None and (kind, "http") in CONFORMANCE:
        raise ValueError(f"a {kind} is 'http' or 'local'; say which flavour")
    name = CONFORMANCE.get((kind, flavour))
    if name is None:
        return type("ComponentConformance", (ComponentConformance,), {"kind": kind})
    found: type[DeclaredConformance] = getattr(import_module(__package__), name)
    return found


def missing(conformance: type[DeclaredConformance], component: Any) -> list[str]:
    """Members that a class must be given before all its rules can be tried over ``component``."""
    makes = issubclass(conformance, ComponentConformance) and not is_ready(component)
    required = settings_of(component)[1] if makes else []
    lacking = set(required) - set(getattr(conformance, "settings", {})) - {"host"}
    needed = [name for name in conformance.needs if not _gives(conformance, name)]
    return [*needed, *(["settings"] if lacking - _given(conformance) else [])]


def alone(conformance: type[DeclaredConformance], component: Any) -> type[DeclaredConformance]:
    """The class itself if ``component`` is all it needs, else its nearest base of which that is true."""
    for base in conformance.__mro__:
        if issubclass(base, DeclaredConformance) and not missing(base, component):
            return base
    return DeclaredConformance


def _gives(conformance: type, name: str) -> bool:
    return any(name in vars(base) for base in conformance.__mro__ if not is_of_kit(base))


def _given(conformance: type[DeclaredConformance]) -> frozenset[str]:
    """Settings that the kit itself gives."""
    given: frozenset[str] = getattr(conformance, "given", frozenset())
    return given
