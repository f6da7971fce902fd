"""A splitter of Markdown."""

from __future__ import annotations

from heading_splitter.splitter import HeadingSplitter

__all__ = ["HeadingSplitter"]
