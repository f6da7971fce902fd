"""Loaders for plain text, Markdown, CSV and JSON files."""

from __future__ import annotations

from graphbit_loader_text.csv_file import CsvLoader
from graphbit_loader_text.json_file import JsonLoader
from graphbit_loader_text.text_file import TextLoader

__all__ = ["CsvLoader", "JsonLoader", "TextLoader"]
