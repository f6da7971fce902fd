"""An embedded, persistent vector store on Qdrant Edge."""

from __future__ import annotations

from graphbit_store_qdrant_edge.store import QdrantEdgeStore

__all__ = ["QdrantEdgeStore"]
