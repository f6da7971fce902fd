"""A vector store in memory."""

from __future__ import annotations

from shoebox_store.store import ShoeboxStore

__all__ = ["ShoeboxStore"]
