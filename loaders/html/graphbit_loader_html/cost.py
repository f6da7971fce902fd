"""Refuses pages that take an HTML parser more than linear time or memory.

The standard makes a parser search the open elements at every tag, and reopen unclosed formatting in every
paragraph: 1 MB of ``<div>`` takes it a quarter of an hour, 12 KB of ``<b>`` and ``<p>`` half a gigabyte.
"""

from __future__ import annotations

import re
from pathlib import Path

from graphbit_core import DocumentError

_MAX_DEPTH = 5_000
_MAX_ATTRIBUTES = 2_000
_MAX_UNCLOSED = 50
_MAX_REOPENED = 1_000_000
_TAG = re.compile(rb"<(/?)([a-zA-Z][a-zA-Z0-9]*)([^<>]*)")
_FORMATTING = frozenset(b"a b big code em font i nobr s small strike strong tt u".split())
_NEVER_DEEP = frozenset(  # they have no content, or their end may be left out
    b"""area base body br col colgroup dd dt embed head hr html img input li link meta option p param
    source tbody td tfoot th thead tr track wbr""".split()
)


def check_cost(data: bytes, path: Path) -> None:
    """Raises DocumentError (``too_large``) for a page that is nested, or left unclosed, beyond reason."""
    depth = unclosed = most_unclosed = tags = 0
    for match in _TAG.finditer(data):
        closing, name, attributes = match.groups()
        name = name.lower()
        step = -1 if closing else 1
        tags += 1
        if name not in _NEVER_DEEP:
            depth = max(0, depth + step)
        if name in _FORMATTING:
            unclosed = max(0, unclosed + step)
            most_unclosed = max(most_unclosed, unclosed)
        if depth > _MAX_DEPTH:
            raise _refuse(path, f"its elements are nested more than {_MAX_DEPTH:,} deep")
        if len(attributes) > _MAX_ATTRIBUTES and attributes.count(b"=") > _MAX_ATTRIBUTES:
            raise _refuse(path, f"an element has more than {_MAX_ATTRIBUTES:,} attributes")
    if most_unclosed > _MAX_UNCLOSED and most_unclosed * tags > _MAX_REOPENED:
        raise _refuse(path, f"{most_unclosed:,} formatting elements are left open")


def _refuse(path: Path, why: str) -> DocumentError:
    return DocumentError(f"{path} would take too long to read: {why}", path=str(path), reason="too_large")
