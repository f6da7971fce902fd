"""Loaders for HTML and XML files."""

from __future__ import annotations

from graphbit_loader_html.html_file import HtmlLoader
from graphbit_loader_html.xml_file import XmlLoader

__all__ = ["HtmlLoader", "XmlLoader"]
