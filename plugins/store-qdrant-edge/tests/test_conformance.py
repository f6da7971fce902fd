from __future__ import annotations

from graphbit_store_qdrant_edge import QdrantEdgeStore

from graphbit_core.testing import VectorStoreConformance


class TestQdrantEdgeStore(VectorStoreConformance):
    component = QdrantEdgeStore
