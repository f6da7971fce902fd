"""A loader of vCard files."""

from __future__ import annotations

from contact_cards.loader import VCardLoader

__all__ = ["VCardLoader"]
