"""JSON and JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from graphbit_core import (
    DEFAULT_MAX_BYTES,
    Document,
    DocumentError,
    check_whole_number,
    clean_text,
    read_regular_file,
)
from graphbit_loader_text.decoding import check_encoding, decode

_LINES = frozenset({".jsonl", ".ndjson"})


class JsonLoader:
    """Reads JSON as indented text, keys in the order of the file.

    A ``.json`` file is one document; ``.jsonl`` and ``.ndjson`` give one per line, with metadata ``line``.
    """

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    suffixes: ClassVar[frozenset[str]] = _LINES | {".json"}

    def __init__(self, *, max_bytes: int = DEFAULT_MAX_BYTES, encoding: str | None = None) -> None:
        self._max_bytes = check_whole_number("max_bytes", max_bytes, 1)
        self._encoding = check_encoding(encoding)

    def load(self, path: Path) -> Iterator[Document]:
        """The file's one value, or one document per line for JSON Lines; empty values are left out."""
        text = decode(read_regular_file(path, self._max_bytes), path, self._encoding)
        by_line = path.suffix.lower() in _LINES
        values = enumerate(text.split("\n"), 1) if by_line else iter([(None, text)])
        found = False
        for line, value in values:
            if pretty := _pretty(value, path, line):
                found = True
                yield Document(pretty, {"source": str(path), **({"line": line} if line else {})})
        if not found:
            raise DocumentError(f"{path} holds no values", path=str(path), reason="empty")


def _pretty(text: str, path: Path, line: int | None) -> str:
    """``text`` parsed and written with indentation; an empty string for an empty value."""
    if not text.strip():
        return ""
    try:
        value = json.loads(text)
        if value is None or value in ("", [], {}):
            return ""
        return clean_text(json.dumps(value, indent=2, ensure_ascii=False))
    except (ValueError, RecursionError) as error:
        place = f" at line {line}" if line else ""
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        message = f"cannot read {path} as JSON{place}: {why}"
        raise DocumentError(message, path=str(path), reason="malformed") from error
