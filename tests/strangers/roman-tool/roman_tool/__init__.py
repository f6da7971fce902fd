"""A tool that reads and writes Roman numerals."""

from __future__ import annotations

from roman_tool.tool import roman

__all__ = ["roman"]
