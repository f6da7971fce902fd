"""Loader for Word documents."""

from __future__ import annotations

from graphbit_loader_docx.docx_file import DocxLoader

__all__ = ["DocxLoader"]
