"""A node type that sorts requests."""

from __future__ import annotations

from desk_triage.node import TriageNode

__all__ = ["TriageNode"]
