"""CSV and other tables in text files."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import ClassVar

from graphbit_core import DEFAULT_MAX_BYTES, Document, DocumentError, check_whole_number, read_regular_file
from graphbit_loader_text.decoding import check_encoding, decode

_DELIMITERS = ",\t;|"
_SAMPLE_ROWS = 20


class CsvLoader:
    """Reads a table whose first row holds the column names: one document per row, as ``name: value`` lines.

    A row is what a question is about, so it is what is embedded and cited (metadata ``row``, counted
    from 1 below the header); every value keeps its name with it. For long tables of short rows,
    ``rows_per_document`` puts several into one document, with ``row`` the first of them.
    """

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    suffixes: ClassVar[frozenset[str]] = frozenset({".csv", ".tsv"})

    def __init__(
        self,
        *,
        max_bytes: int = DEFAULT_MAX_BYTES,
        encoding: str | None = None,
        rows_per_document: int = 1,
        max_cells: int = 1_000_000,
    ) -> None:
        self._max_bytes = check_whole_number("max_bytes", max_bytes, 1)
        self._encoding = check_encoding(encoding)
        self._rows_per_document = check_whole_number("rows_per_document", rows_per_document, 1)
        self._max_cells = check_whole_number("max_cells", max_cells, 1)

    def load(self, path: Path) -> Iterator[Document]:
        """One document per row that has a value (or per ``rows_per_document`` of them)."""
        text = decode(read_regular_file(path, self._max_bytes), path, self._encoding)
        rows = self._rows(text, path)
        header = next(rows, [])
        numbered = ((number, _describe(header, row)) for number, row in enumerate(rows, 1))
        filled = ((number, text) for number, text in numbered if text)
        found = False
        while block := list(islice(filled, self._rows_per_document)):
            found = True
            yield Document("\n\n".join(text for _, text in block), {"source": str(path), "row": block[0][0]})
        if not found:
            raise DocumentError(f"{path} has no rows below its header", path=str(path), reason="empty")

    def _rows(self, text: str, path: Path) -> Iterator[list[str]]:
        cells = 0
        lines = [line + "\n" for line in text.split("\n")]
        try:
            for row in csv.reader(lines, delimiter=_delimiter(lines)):
                cells += len(row)
                if cells > self._max_cells:
                    message = f"{path} has more than {self._max_cells:,} cells; raise max_cells to read it"
                    raise DocumentError(message, path=str(path), reason="too_large")
                yield row
        except csv.Error as error:
            message = f"cannot read {path} as CSV: {error}"
            raise DocumentError(message, path=str(path), reason="malformed") from error


def _delimiter(lines: list[str]) -> str:
    """The delimiter that gives the most columns, the same number in all of the first rows.

    ``csv.Sniffer`` is not used: it guesses quoting too, often wrongly, and its time is quadratic.
    """
    return max(_DELIMITERS, key=lambda delimiter: _fit(lines, delimiter))


def _fit(lines: list[str], delimiter: str) -> tuple[float, int]:
    """Share of rows that are as wide as the first one, and that width; (0, 1) for a single column."""
    widths = []
    try:
        for row in islice(csv.reader(lines, delimiter=delimiter), _SAMPLE_ROWS):
            if row:
                widths.append(len(row))
    except csv.Error:
        return 0, 1
    if not widths or widths[0] == 1:
        return 0, 1
    return widths.count(widths[0]) / len(widths), widths[0]


def _describe(header: list[str], row: list[str]) -> str:
    names = [*header, *("" for _ in row[len(header) :])]
    pairs = (
        (name.strip() or f"column {place}", value.strip())
        for place, (name, value) in enumerate(zip(names, row, strict=False), 1)
    )
    return "\n".join(f"{name}: {value}" for name, value in pairs if value)
