"""Loader for PDF files."""

from __future__ import annotations

from graphbit_loader_pdf.pdf_file import PdfLoader

__all__ = ["PdfLoader"]
