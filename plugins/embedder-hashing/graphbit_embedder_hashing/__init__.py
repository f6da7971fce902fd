"""An embedder that needs neither weights nor a network."""

from __future__ import annotations

from graphbit_embedder_hashing.embedder import HashingEmbedder

__all__ = ["HashingEmbedder"]
