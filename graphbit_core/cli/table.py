"""What goes to a terminal: rows as aligned columns, and errors."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def printable(text: object) -> str:
    """``text`` without control characters: metadata may hold anything, and a terminal obeys it."""
    return "".join(char if char.isprintable() else "?" for char in str(text))


def format_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A header and rows; None becomes ``-``."""
    cells = [list(header)] + [["-" if cell is None else printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells)
    return "\n".join(line.rstrip() for line in lines)


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Prints a header and rows; None becomes ``-``."""
    print(format_table(header, rows))


def print_error(message: str) -> None:
    """Prints a message, which may have several lines, to standard error."""
    for line in message.splitlines():
        print(printable(line), file=sys.stderr)
