"""What an add-on implements, one file per kind of component."""

from __future__ import annotations

API_VERSION: tuple[int, int] = (1, 0)
"""Version of the plugin contract. A component carries ``graphbit_api = (major, minor)``; it fits when
the major is the same and its minor is not greater."""

ENTRY_POINT_GROUPS: dict[str, str] = {
    "provider": "graphbit.providers",
    "node_type": "graphbit.node_types",
    "loader": "graphbit.loaders",
    "splitter": "graphbit.splitters",
    "embedder": "graphbit.embedders",
    "vector_store": "graphbit.vector_stores",
    "tool": "graphbit.tools",
    "reranker": "graphbit.rerankers",
    "tokenizer": "graphbit.tokenizers",
    "checkpointer": "graphbit.checkpointers",
    "exporter": "graphbit.exporters",
}
"""Kind of component → entry point group. The entry point's name is what users write."""

HOOK_GROUP = "graphbit.plugins"
"""Entry point group of modules that implement pluggy hooks."""
